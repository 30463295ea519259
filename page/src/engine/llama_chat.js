/** What conversations need beside the model: not there yet. */
import { Failure } from './failure.js';

/** @returns {import('./llama.js').Chat} */
export function chat() {
    return {
        prepare: async () => {
            throw new Failure('operator_unsupported', 'Conversations are not served yet.');
        },
        grammarOf: ({ grammar, json_schema: schema }) => {
            if (schema !== undefined) throw new Failure('operator_unsupported', 'Schemas are not served yet.');
            return grammar ?? null;
        },
    };
}
