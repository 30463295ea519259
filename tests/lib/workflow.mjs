/** Workflows of GitHub Actions, read by GitHub's own parser, which knows the schema of a workflow and its expressions. */
import { register } from 'node:module';

/* The parser imports its schema as bundlers do: without saying that the file is JSON, as Node.js demands. */
const AS_JSON = `export const load = (url, context, next) =>
    next(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context);`;
register(`data:text/javascript,${encodeURIComponent(AS_JSON)}`);
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser');

/** The mistakes for which GitHub would refuse a workflow. @param {string} content @returns {Promise<string[]>} */
export async function problemsOf(content) {
    const { context, value } = parseWorkflow({ name: 'workflow', content }, new NoOperationTraceWriter());
    if (value) await convertWorkflowTemplate(context, value);
    return context.errors.getErrors().map(({ message }) => message);
}
