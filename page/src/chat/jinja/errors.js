/** Errors of templates and of their rendering. */

/**
 * `raised` is the template's own refusal of these messages, `template` one that is no template, or that uses what is
 * not supported, `render` anything that went wrong with these messages.
 * @typedef {'raised' | 'template' | 'render'} Kind
 */
export class TemplateError extends Error {
    /** @param {Kind} kind @param {string} message */
    constructor(kind, message) {
        super(message.slice(0, 1000));
        this.kind = kind;
    }
}

/** For text that jinja2 would render, and that this interpreter would render differently. @param {string} what */
export function unsupported(what) {
    return new TemplateError('template', `it uses ${what}, which is not supported`);
}

/** For templates that jinja2 refuses, too. @param {string} message */
export function wrong(message) {
    return new TemplateError('render', message);
}
