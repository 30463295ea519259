/** Four chat templates of different style, and a renderer for them without a worker. */
import { renderTemplate } from '../../../page/src/chat/templates.js';

export const render = async (template, variables) => renderTemplate(template, variables);

/** ChatML, with calls in marks of their own. */
export const chatml = `
{%- if tools %}<|im_start|>system
{% if messages[0].role == 'system' %}{{ messages[0].content }}

{% endif %}Functions, one a line, which you may call:
{% for tool in tools %}
{{ tool | tojson }}
{% endfor %}
A call is written <tool_call>{"name": NAME, "arguments": OBJECT}</tool_call>.<|im_end|>
{% elif messages[0].role == 'system' %}<|im_start|>system
{{ messages[0].content }}<|im_end|>
{% endif %}
{% for message in messages %}
{% if message.role == 'tool' %}<|im_start|>user
<tool_response>{{ message.content }}</tool_response><|im_end|>
{% elif message.role != 'system' %}<|im_start|>{{ message.role }}
{{ message.content }}
{%- for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{% endif %}
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;

/** Headers around the role, a start token of its own, the date, and calls as bare JSON. */
export const headers = `{{ bos_token }}
{%- set given = namespace(system='') %}
{%- if messages[0].role == 'system' %}{% set given.system = messages[0].content %}{% set messages = messages[1:] %}{% endif -%}
<|start_header_id|>system<|end_header_id|>

Today is {{ date if date is defined else strftime_now('%d %b %Y') }}. {{ given.system }}
{%- if tools is not none %}

Answer {"name": NAME, "parameters": OBJECT} to call one of:
{%- for tool in tools %}

{{ tool | tojson(indent=4) }}
{%- endfor %}{% endif %}<|eot_id|>
{%- for message in messages %}
{%- if message.tool_calls is defined %}<|start_header_id|>assistant<|end_header_id|>

{{ '{"name": "' ~ message.tool_calls[0].function.name ~ '", "parameters": ' }}{{ message.tool_calls[0].function.arguments | tojson }}}<|eot_id|>
{%- else %}<|start_header_id|>{{ 'ipython' if message.role == 'tool' else message.role }}<|end_header_id|>

{{ message.content | trim }}<|eot_id|>
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>

{% endif %}`;

/** Brackets, roles in strict turn, no system role, and ids of calls of nine characters. */
export const brackets = `{{ bos_token }}
{%- if tools %}[AVAILABLE_TOOLS]{{ tools | tojson }}[/AVAILABLE_TOOLS]{% endif %}
{%- set turn = namespace(user=true) %}
{%- for message in messages %}
{%- if message.role == 'user' %}
{%- if not turn.user %}{{ raise_exception('After the user the assistant must answer, then the user again.') }}{% endif %}
{%- set turn.user = false %}[INST] {{ message.content }} [/INST]
{%- elif message.tool_calls is defined %}[TOOL_CALLS][
{%- for call in message.tool_calls %}
{%- if call.id | length != 9 %}{{ raise_exception('The id of a call has nine characters.') }}{% endif %}
{{- {'name': call.function.name, 'arguments': call.function.arguments, 'id': call.id} | tojson }}{{ ', ' if not loop.last }}
{%- endfor %}]{{ eos_token }}
{%- elif message.role == 'tool' %}[TOOL_RESULTS]{{ message.content }}[/TOOL_RESULTS]
{%- elif message.role == 'assistant' %}
{%- set turn.user = true %} {{ message.content }}{{ eos_token }}
{%- else %}{{ raise_exception('There are only users and assistants here.') }}
{%- endif %}
{%- endfor %}`;

/** Thoughts before an answer, unless they are switched off; earlier thoughts are left out. It knows of no tools. */
export const thinking = `
{%- for message in messages %}<|{{ message.role }}|>
{{ message.content.split('</think>')[-1] }}
{%- if message.reasoning_content and loop.last %} (thought: {{ message.reasoning_content }}){% endif %}<|end|>
{% endfor %}
{%- if add_generation_prompt %}<|assistant|>
{% if enable_thinking is defined and not enable_thinking %}<think>

</think>

{% elif always_thinking is defined %}<think>
{% endif %}{% endif %}`;
