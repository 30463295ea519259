/** People who lend their browsers, and the links by which they join. */
import { generate } from 'lean-qr';
import { ask } from '../api.js';
import { h } from '../draw.js';
import { count, many, milliseconds, moment, plain } from '../format.js';
import { attempt, badge, button, confirm, form, section, table } from '../parts.js';
import { isJoined, stateOf, verbs } from './node_parts.js';

/** @import { App } from '../main.js' */

const EXPIRIES = [[600, '10 minutes'], [3600, 'an hour'], [86400, 'a day'], [604800, 'a week']];
const LABEL_MAX = 200;
/** The colours of a QR code, whatever those of the page, and the modules of its light margin. */
const QR = { on: [0, 0, 0, 255], off: [255, 255, 255, 255], pad: 4 };

/** The table of the nodes that no session of the daemon has, if there are any. @param {App} app @param {any[]} nodes
 * @param {() => void} read */
export function people(app, nodes, read) {
    const joined = nodes.filter(isJoined);
    return joined.length ? section('People', table('Browsers and programs of others', [
        { name: 'Label', cell: (one) => [h('strong', null, plain(one.label ?? 'no label')), h('small', null, one.id)] },
        { name: 'Device', wide: true, cell: deviceOf },
        { name: 'Work done', cell: workOf },
        { name: 'State', wide: true, cell: (one) => [badge(...stateOf(one)), one.idle ? h('small', null, one.idle) : null] },
        ...(app.watch.isAdmin ? [{ name: 'Actions', cell: (/** @type {any} */ one) => h('span', { class: 'actions' }, verbs(one, read)) }] : []),
    ], joined, ({ id }) => id, '')) : null;
}

/** @param {any} node */
function deviceOf({ browser, browser_version: version, user_agent: agent, cores, memory_gib: memory, platforms }) {
    const adapter = platforms?.webgpu?.adapter?.description;
    return [`${plain(browser ?? 'unknown')} ${plain(version)}`,
        h('small', null, [cores && many(cores, 'core'), memory && `${memory} GiB`, adapter && plain(adapter)].filter(Boolean).join(', ')),
        agent ? h('small', { class: 'agent' }, agent) : null];
}

/** @param {any} node */
function workOf({ answered, failed, task_ms_p50: ms }) {
    if (answered === undefined) return '';
    return [`${count(answered)} answered, ${count(failed ?? 0)} failed`, ms ? h('small', null, `${milliseconds(ms)} for a task`) : null];
}

/** The table of the devices that need no link, if there are any. @param {any[]} list @param {() => void} read */
export function devices(list, read) {
    const forget = async (/** @type {any} */ { id, label, node }) => {
        const name = label ? `${plain(label)}, ${id}` : id;
        if (!await confirm({ title: 'Forget this device?', text: [node ? `${name}: its node ${node} is sent away.` : `${name} is away now.`, 'It can join again with a link that is still valid.'], verb: 'Forget' })) return;
        await attempt(() => ask('DELETE', `/v1/devices/${encodeURIComponent(id)}`), `${id} is forgotten.`);
        read();
    };
    return list.length ? section('Remembered devices', table('Browsers that can join again without a link', [
        { name: 'Device', cell: (one) => [h('strong', null, plain(one.label ?? 'no label')), h('small', null, one.id)] },
        { name: 'Link', cell: (one) => h('code', null, one.join) },
        { name: 'Remembered since', cell: (one) => moment(one.remembered_at) },
        { name: 'Last seen', cell: (one) => (one.node ? ['now', h('small', null, one.node)] : moment(one.seen_at)) },
        { name: 'Actions', cell: (one) => button('Forget', () => forget(one), { quiet: true, label: `Forget ${one.id}` }) },
    ], list, ({ id }) => id, '')) : null;
}

/** @param {string} id */
const input = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));

/** The body of the request for a link, from the form's fields. */
function order() {
    const label = input('join-label').value.trim();
    return { nodes: Number(input('join-nodes').value), seconds: Number(input('join-seconds').value),
        ...(label ? { label } : {}), ...(input('join-shareable').checked ? { shareable: true } : {}) };
}

/** @param {any} joins @param {any} made @param {() => void} read @param {(made: any) => void} show */
export function links(joins, made, read, show) {
    const send = () => attempt(async () => show(await ask('POST', '/v1/admin/join', order())), 'There is a new join link. It is shown only once.');
    const revoke = async (/** @type {any} */ { id, label, joined }) => {
        if (!await confirm({ title: 'Revoke this link?', text: [`${label ? `${plain(label)}, ${id}` : id}: ${many(joined ?? 0, 'node that came', 'nodes that came')} with it ${joined === 1 ? 'is' : 'are'} sent away, and no new ones can join.`], verb: 'Revoke' })) return;
        await attempt(() => ask('DELETE', `/v1/admin/join/${encodeURIComponent(id)}`), `The link ${id} is revoked.`);
        show(null);
        read();
    };
    return section('Join links',
        form('Make a link', send, h('label', { for: 'join-nodes' }, 'Nodes'), h('input', { id: 'join-nodes', type: 'number', min: '1', max: '1000', value: undefined, required: true, placeholder: '1', mounted: oneByDefault }),
            h('label', { for: 'join-seconds' }, 'may come for'), h('select', { id: 'join-seconds' }, EXPIRIES.map(([seconds, words]) => h('option', { value: seconds, selected: seconds === 3600 }, words))),
            h('label', { for: 'join-label' }, 'Label'), h('input', { id: 'join-label', maxlength: LABEL_MAX, placeholder: 'whose it is' }),
            h('label', null, h('input', { id: 'join-shareable', type: 'checkbox' }), ' People may pass it on')),
        made ? [h('p', { class: 'verbs made' }, h('label', { for: 'join-url' }, 'The link, shown only once'), h('input', { id: 'join-url', readonly: true, value: made.url, onfocus: (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).select() }),
            button('Copy', () => attempt(() => navigator.clipboard.writeText(made.url), 'The link is copied.'), { local: true })),
        h('canvas', { id: 'join-code', class: 'qr', role: 'img', 'aria-label': 'The link as a QR code', data: made.url, mounted: drawCode })] : null,
        table('Valid join links', [
            { name: 'Id', cell: (one) => h('code', null, one.id) },
            { name: 'Label', cell: (one) => [plain(one.label ?? ''), one.shareable ? h('small', null, 'may be passed on') : null] },
            { name: 'Nodes', figure: true, cell: (one) => [`${count(one.joined)} of ${count(one.nodes)}`, one.devices ? h('small', null, many(one.devices, 'remembered device')) : null] },
            { name: 'Holds until', cell: (one) => moment(one.expires_at) }, { name: 'Actions', cell: (one) => button('Revoke', () => revoke(one), { quiet: true, label: `Revoke ${one.id}` }) },
        ], joins?.joins ?? [], ({ id }) => id, 'There are none.'));
}

/** @param {HTMLCanvasElement} canvas */
function drawCode(canvas) {
    return (/** @type {any} */ { data: url }) => generate(url).toCanvas(canvas, /** @type {any} */ (QR));
}

/** @param {HTMLInputElement} element */
function oneByDefault(element) {
    element.value = '1';
    return () => {};
}
