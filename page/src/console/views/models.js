/** The models of the store, and those that are being brought. */
import { choose } from '../address.js';
import { ask, modelPath } from '../api.js';
import { h } from '../draw.js';
import { bytes, count, duration, many, plain } from '../format.js';
import { tryHref } from '../playground/places.js';
import { attempt, badge, button, confirm, form, section, table } from '../parts.js';

const PER_PAGE = 200;

/** @param {import('../main.js').App} app @param {URLSearchParams} query of the address @returns {import('../main.js').View} */
export function modelsView(app, query) {
    let filter = query.get('filter') ?? '', most = PER_PAGE;
    const onfilter = (/** @type {Event} */ event) => {
        filter = /** @type {HTMLInputElement} */ (event.target).value;
        most = PER_PAGE;
        choose('models', { filter });
        app.redraw();
    };
    return {
        title: 'Models', kinds: ['model', 'pull', 'node', 'job'],
        render() {
            /** @type {any[]} */
            const all = app.store.all('model').map(([name, model]) => ({ ...model, name }));
            const rows = all.filter(({ name, title = '' }) => `${name} ${title}`.toLowerCase().includes(filter.toLowerCase()));
            return { state: 'filled', parts: [
                app.watch.isAdmin ? pullForm(app) : null, pulls(app), failedPulls(app),
                section('In the store',
                    h('p', { class: 'verbs' }, h('label', { for: 'filter' }, 'Filter'), h('input', { id: 'filter', type: 'search', value: filter, oninput: onfilter, autocomplete: 'off' }),
                        h('span', { class: 'note' }, `${count(rows.length)} of ${many(all.length, 'model')}`)),
                    table('Models of the store', columns(app), rows.slice(0, most), ({ name }) => name, filter ? 'No model has this in its name.' : 'There is no model yet.'),
                    rows.length > most ? button(`Show ${count(Math.min(PER_PAGE, rows.length - most))} more`, () => { most += PER_PAGE; app.redraw(); }, { local: true }) : null),
            ] };
        },
    };
}

/** @param {import('../main.js').App} app */
function columns(app) {
    return [
        { name: 'Name', cell: (/** @type {any} */ model) => [h('a', { href: modelHref(model.name) }, model.name), model.title ? h('small', null, model.title) : null,
            model.problem ? h('small', { class: 'problem' }, model.problem) : null] },
        { name: 'Type', cell: (/** @type {any} */ model) => plain(model.type ?? '').replaceAll('_', ' ') },
        { name: 'Format', cell: (/** @type {any} */ model) => plain(model.format ?? '') },
        { name: 'Size', figure: true, cell: (/** @type {any} */ model) => bytes(model.bytes) },
        { name: 'Variants', cell: (/** @type {any} */ model) => (model.variants ?? []).map((/** @type {any} */ { name: variant }) => plain(variant)).join(', ') || plain(model.variant ?? model.quantization ?? model.dtype ?? '') },
        { name: 'Loaded in', wide: true, cell: (/** @type {any} */ model) => loadedIn(app, model) },
        { name: 'Try', cell: (/** @type {any} */ model) => (model.problem ? '' : h('a', { href: tryHref(model.name), 'aria-label': `Try it: ${plain(model.name)}` }, 'Try it')) },
        ...(app.watch.isAdmin ? [{ name: 'Actions', cell: (/** @type {any} */ model) => h('span', { class: 'actions' }, verbs(app, model)) }] : []),
    ];
}

/** @param {string} name */
export const modelHref = (name) => `#/models/${name.split('/').map(encodeURIComponent).join('/')}`;

/** @param {import('../main.js').App} app @param {any} model */
export function loadedIn({ store }, model) {
    return (model.loaded ?? []).map((/** @type {any} */ one) => {
        const browser = store.get(`node/${one.node}`)?.browser ?? one.node;
        return h('span', { class: `chip ${one.state === 'failed' ? 'bad' : ''}`, title: one.error ? plain(one.error) : undefined },
            `${plain(browser)} ${plain(one.platform)}${one.state === 'loaded' ? '' : ` ${plain(one.state)}`}`);
    });
}

/** An admin's actions on a model. @param {import('../main.js').App} app @param {any} model */
export function verbs({ store }, model) {
    const { name } = model, nodes = (model.loaded ?? []).length;
    const running = store.all('job').filter(([, job]) => plain(job.model_name).split(':')[0] === plain(name)).length;
    const now = running ? `${many(running, 'request')} on it ${running === 1 ? 'is' : 'are'} under way.` : 'No request on it is under way.';
    const load = () => attempt(() => ask('POST', modelPath(name, 'load'), {}), `${plain(name)} is being loaded.`);
    const unload = async () => {
        if (await confirm({ title: `Unload ${plain(name)}?`, text: [`${many(nodes, 'node unloads', 'nodes unload')} it.`, now, 'The next request for it loads it again.'], verb: 'Unload' }))
            await attempt(() => ask('POST', modelPath(name, 'unload'), {}), `${plain(name)} is being unloaded.`);
    };
    const remove = async () => {
        const text = [`Its files go from the store (${bytes(model.bytes)}), and ${many(nodes, 'node unloads', 'nodes unload')} it.`, now];
        if (await confirm({ title: `Remove ${plain(name)}?`, text, verb: running ? 'Remove it anyway' : 'Remove' }))
            await attempt(() => ask('DELETE', `${modelPath(name)}${running ? '?force=true' : ''}`), `${plain(name)} is removed.`);
    };
    return [button('Load', load, { quiet: true, label: `Load ${plain(name)}` }),
        nodes > 0 && button('Unload', unload, { quiet: true, label: `Unload ${plain(name)}` }),
        !model.builtin && button('Remove', remove, { quiet: true, label: `Remove ${plain(name)}` })];
}

/** @param {import('../main.js').App} app */
function pullForm({ redraw }) {
    const send = async () => {
        const [model, as] = ['pull-model', 'pull-as'].map((id) => /** @type {HTMLInputElement} */ (document.getElementById(id)));
        const body = { model: model.value.trim(), ...(as.value.trim() && { as: as.value.trim() }) };
        if (await attempt(() => ask('POST', '/v1/models/pull', body), `${plain(body.model)} is being pulled.`)) model.value = as.value = '';
        redraw();
    };
    return h('section', { key: 'pull', 'aria-label': 'Pull a model' }, h('h2', null, 'Pull a model'), form('Pull', send,
        h('label', { for: 'pull-model' }, 'From the hub'), h('input', { id: 'pull-model', required: true, placeholder: 'ORG/NAME[:VARIANT]', autocomplete: 'off', spellcheck: 'false' }),
        h('label', { for: 'pull-as' }, 'called here'), h('input', { id: 'pull-as', placeholder: 'as on the hub', autocomplete: 'off', spellcheck: 'false' })));
}

/** @param {import('../store.js').Store} store @param {(state: string) => boolean} isMeant @returns {any[]} */
const pullsThat = (store, isMeant) => store.all('pull').map(([name, pull]) => ({ .../** @type {any} */ (pull), name })).filter(({ state }) => isMeant(state));

/** Those that ended without a model, as long as the daemon knows of them. @param {import('../main.js').App} app */
function failedPulls({ store }) {
    const rows = pullsThat(store, (state) => state === 'failed');
    return rows.length ? section('Failed pulls', table('Models that could not be pulled', [
        { name: 'Name', cell: (pull) => [h('strong', null, pull.name), h('small', null, pull.model, ' from ', pull.hub)] },
        { name: 'Why', wide: true, cell: (pull) => h('span', { class: 'problem' }, pull.problem?.detail ?? 'no reason given') },
    ], rows, ({ name }) => name)) : null;
}

/** @param {import('../main.js').App} app */
function pulls({ store, watch }) {
    const rows = pullsThat(store, (state) => state !== 'failed' && state !== 'done');
    if (rows.length === 0) return null;
    const cancel = async (/** @type {any} */ { name, loaded_bytes: loaded }) => {
        if (await confirm({ title: `Stop pulling ${plain(name)}?`, text: [`The part fetched so far (${bytes(loaded)}) is removed.`], verb: 'Stop' }))
            await attempt(() => ask('POST', modelPath(name, 'cancel')), `${plain(name)} is no longer being pulled.`);
    };
    return section('Being brought', table('Models that are being pulled', [
        { name: 'Name', cell: (pull) => [h('strong', null, pull.name), h('small', null, pull.model, ' from ', pull.hub)] },
        { name: 'State', wide: true, cell: (pull) => [badge(pull.state, 'wait'), pull.retrying ? h('small', null, pull.retrying) : null] },
        { name: 'So far', wide: true, cell: (pull) => h('progress', { max: pull.total_bytes || 1, value: pull.total_bytes ? pull.loaded_bytes : 0, 'aria-label': `How much of ${plain(pull.name)} is here` }) },
        { name: 'Bytes', figure: true, cell: (pull) => (pull.total_bytes ? `${bytes(pull.loaded_bytes)} of ${bytes(pull.total_bytes)}` : '') },
        { name: 'Files', figure: true, cell: (pull) => (pull.files ? `${count(pull.files_done)} of ${count(pull.files)}` : '') },
        { name: 'Speed', figure: true, cell: (pull) => (pull.bytes_per_second ? `${bytes(pull.bytes_per_second)}/s` : '') },
        { name: 'Left', figure: true, cell: (pull) => (pull.seconds_left === undefined ? '' : duration(pull.seconds_left * 1000)) },
        ...(watch.isAdmin ? [{ name: 'Actions', cell: (/** @type {any} */ pull) => button('Stop', () => cancel(pull), { quiet: true, label: `Stop pulling ${plain(pull.name)}` }) }] : []),
    ], rows, ({ name }) => name));
}
