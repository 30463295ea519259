/** The script of the worker that renders chat templates. It says when it is there, and then answers
 * one request at a time; it may be ended at any moment (template_client.js). */
import { TemplateError } from './jinja/errors.js';
import { renderTemplate } from './templates.js';

/** @typedef {{id: number, source: string, variables: Record<string, unknown>}} RenderRequest */
/** @typedef {{ready: true} | {id: number, text: string}
 *   | {id: number, kind: import('./jinja/errors.js').Kind, message: string}} RenderAnswer */

/** @param {RenderAnswer} answer */
const say = (answer) => self.postMessage(answer);

self.onmessage = (/** @type {MessageEvent<RenderRequest>} */ { data: { id, source, variables } }) => {
    try {
        say({ id, text: renderTemplate(source, variables) });
    } catch (error) {
        const { kind, message } = error instanceof TemplateError ? error
            : new TemplateError('render', String(error));
        say({ id, kind, message });
    }
};
say({ ready: true });
