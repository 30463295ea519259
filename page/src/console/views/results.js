/** The stored runs of the laboratory; what one of them, two of them and the history of a model say is in the files beside this. */
import { ask, get } from '../api.js';
import { h } from '../draw.js';
import { count, moment, plain } from '../format.js';
import { attempt, button, confirm, form, section, table } from '../parts.js';
import { polled } from '../polled.js';
import { historyView } from './results_history.js';
import { commitOf, historyHref, listHref, notesOf, runHref } from './results_parts.js';
import { runView } from './results_run.js';

const PER_PAGE = 50;
const EVERY_MS = 30_000;

/** The view that the address names. @param {import('../main.js').App} app @param {string} rest @param {URLSearchParams} query
 * @returns {import('../main.js').View} */
export function resultsView(app, rest, query) {
    if (rest) return runView(app, rest, query.get('before') ?? '');
    const model = query.get('history');
    return model ? historyView(app, model, query) : listView(app, query.get('model') ?? '', query.get('after') ?? '');
}

/** @param {import('../main.js').App} app @param {string} model @param {string} after @returns {import('../main.js').View} */
function listView(app, model, after) {
    /** @type {any} */
    let page = null;
    const polling = polled(app, EVERY_MS, async () => {
        page = await get('/v1/results', { model, limit: PER_PAGE, after });
    });
    const filter = () => {
        location.hash = listHref({ model: /** @type {HTMLInputElement} */ (document.getElementById('measured')).value.trim() });
    };
    return {
        title: 'Results', kinds: [], fresh: () => void polling.again(), stop: polling.stop,
        render() {
            const { problem } = polling;
            if (!page) return { state: problem ? 'failed' : 'loading', parts: [h('p', { class: problem ? 'problem' : '' }, problem || 'Reading the runs.')] };
            return { state: 'filled', parts: [
                problem ? h('p', { class: 'problem' }, problem) : null,
                form('Show its runs', filter, h('label', { for: 'measured' }, 'Model'), h('input', { id: 'measured', type: 'search', value: model, autocomplete: 'off' })),
                model ? h('p', { class: 'verbs' }, h('a', { href: historyHref(model) }, `History of ${plain(model)}`), h('a', { href: listHref() }, 'All runs')) : null,
                section(model ? `Runs with ${plain(model)}` : 'Runs', table('Runs of the laboratory', columns(app, polling.again), page.results, ({ id }) => id,
                    model ? 'No stored run has measured this model.' : 'There is no run yet: webinfer bench makes one.'),
                h('p', { class: 'verbs' }, after ? h('a', { href: listHref({ model }) }, 'Newest runs') : null,
                    page.next ? h('a', { href: listHref({ model, after: page.next }) }, 'Older runs') : null)),
            ] };
        },
    };
}

/** @param {import('../main.js').App} app @param {() => unknown} read @returns {import('../parts.js').Column[]} */
function columns(app, read) {
    const remove = async (/** @type {any} */ { id, name }) => {
        if (!await confirm({ title: `Remove ${plain(id)}?`, text: [`The run “${plain(name)}” and its cells are deleted.`], verb: 'Remove' })) return;
        await attempt(() => ask('DELETE', `/v1/results/${encodeURIComponent(id)}`), `${id} is removed.`);
        void read();
    };
    return [
        { name: 'Run', cell: (run) => h('a', { href: runHref(run.id) }, run.id) },
        { name: 'Name', wide: true, cell: (run) => run.name },
        { name: 'Began', cell: (run) => moment(run.began_at) },
        { name: 'webinfer', cell: (run) => [plain(run.webinfer?.version ?? ''), commitOf(run) ? h('small', null, h('code', null, commitOf(run))) : null] },
        { name: 'Cells', figure: true, cell: (run) => count(run.cell_count) },
        { name: 'Notes', cell: notesOf },
        ...(app.watch.isAdmin ? [{ name: 'Actions', cell: (/** @type {any} */ run) => button('Remove', () => remove(run), { quiet: true, label: `Remove ${run.id}` }) }] : []),
    ];
}
