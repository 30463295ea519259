/** The entry of page/src/chat for engines of language models: chat templates, tools, grammars and schemas. */
import { answerForm, prepareChat } from './chat.js';
import { parseGrammar } from './grammar.js';
import { GrammarCost } from './grammar_cost.js';
import { grammarOfSchema } from './schema.js';
import { Templates } from './template_client.js';

/** @param {string} script of the worker that renders templates, which is separate from the engine's
 * @returns {import('../engine/llama.js').Chat} */
export function chat(script) {
    const { href: url } = new URL(script, self.location.href);
    const templates = new Templates(() => new Worker(url, { type: 'module', name: 'templates' }));
    const render = templates.render.bind(templates);
    return { prepare: (asked) => prepareChat({ ...asked, render }), grammarOf, costOf: (grammar) => new GrammarCost(parseGrammar(grammar)) };
}

/** The grammar of an answer outside a chat. @param {Record<string, any>} options @returns {string | null} */
function grammarOf(options) {
    const form = answerForm(options);
    if (form.kind === 'grammar') return form.text;
    return form.kind === 'schema' ? grammarOfSchema(form.schema, form.field) : null;
}
