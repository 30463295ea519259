/** What engines of language models need beside the model: chat templates, tools, grammars and schemas
 * (page/src/chat). */
import { prepareChat } from '../chat/chat.js';
import { checkGrammar, parseGrammar } from '../chat/grammar.js';
import { GrammarCost } from '../chat/grammar_cost.js';
import { grammarOfSchema } from '../chat/schema.js';
import { Templates } from '../chat/template_client.js';
import { Failure } from './failure.js';

/** @param {string} script of the worker that renders templates, beside the engine's own
 * @returns {import('./llama.js').Chat} */
export function chat(script) {
    const { href: url } = new URL(script, self.location.href);
    const templates = new Templates(() => new Worker(url, { type: 'module', name: 'templates' }));
    const render = templates.render.bind(templates);
    return { prepare: (asked) => prepareChat({ ...asked, render }), grammarOf, costOf: (grammar) => new GrammarCost(parseGrammar(grammar)) };
}

/** Of an answer that is no chat's. @param {Record<string, any>} options @returns {string | null} */
function grammarOf({ grammar, json_schema: schema }) {
    if (schema !== undefined && grammar !== undefined) {
        throw new Failure('input_invalid', 'a schema cannot be combined with a grammar',
            { field: 'options.json_schema', expected: 'one of grammar and json_schema' });
    }
    if (schema !== undefined) return grammarOfSchema(schema);
    if (grammar !== undefined) checkGrammar(grammar);
    return grammar ?? null;
}
