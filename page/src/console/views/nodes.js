/** The pages that compute, page by page, and the links by which others join. */
import { ask, get, pagesOf } from '../api.js';
import { h } from '../draw.js';
import { bytes, count, duration, many, milliseconds, moment, plain } from '../format.js';
import { attempt, badge, button, confirm, section, table } from '../parts.js';
import { polled } from '../polled.js';
import { devices, links, people } from './joined.js';
import { limitOf, stateOf, verbs } from './node_parts.js';

const PER_PAGE = 100;
/** For each page seen, by the node that it comes after: the node that the previous page comes after. @type {Map<string, string>} */
const before = new Map([['', '']]);
const EVERY_MS = 5000;

/** @param {import('../main.js').App} app @param {string} after @returns {import('../main.js').View} */
export function nodesView(app, after) {
    /** @type {any} */
    let page = null;
    /** @type {any} */
    let joins = null;
    /** @type {any[]} */
    let remembered = [];
    /** @type {any} */
    let made = null;
    const polling = polled(app, EVERY_MS, async () => {
        page = await get('/v1/nodes', { limit: PER_PAGE, after });
        if (page.next) before.set(page.next, after);
        if (!before.has(after)) before.set(after, pageBefore(await idsUpTo(app.store, after), after));
        if (!app.watch.isAdmin) return;
        joins = await get('/v1/admin/join');
        remembered = (await get('/v1/devices')).devices;
    });
    const read = polling.again;
    /** The daemon's events about nodes on this page are newer than the page that was read. */
    const leave = app.store.subscribe((_, keys) => {
        if (!page) return;
        for (const key of keys) {
            if (!key.startsWith('node/')) continue;
            const index = page.nodes.findIndex((/** @type {any} */ { id }) => id === key.slice(5)), now = app.store.get(key);
            if (index >= 0 && now) page.nodes[index] = { ...page.nodes[index], ...now };
            else if (index >= 0) page.nodes.splice(index, 1);
        }
    });
    return {
        title: 'Nodes', kinds: ['node', 'session', 'status'],
        stop() {
            polling.stop();
            leave();
        },
        render() {
            const { problem } = polling;
            if (!page) return { state: problem ? 'failed' : 'loading', parts: [h('p', { class: problem ? 'problem' : '' }, problem || 'Reading the nodes.')] };
            const { count: all, open } = app.store.get('status')?.nodes ?? {};
            return { state: 'filled', parts: [
                problem ? h('p', { class: 'problem' }, problem) : null,
                h('p', { class: 'note' }, `${many(all ?? page.nodes.length, 'node')}, of which ${count(open)} take work.`),
                table('Nodes', columns(app, read), page.nodes, ({ id }) => id, 'No page computes for this daemon.'),
                h('p', { class: 'verbs' }, after ? h('a', { href: pageHref('') }, 'First page') : null,
                    after ? h('a', { href: pageHref(before.get(after)) }, 'Previous page') : null,
                    page.next ? h('a', { href: pageHref(page.next) }, 'Next page') : null),
                people(app, page.nodes, read),
                found(app, page.quarantined ?? [], read),
                app.watch.isAdmin ? devices(remembered, read) : null,
                app.watch.isAdmin ? links(joins, made, read, (one) => { made = one; void read(); }) : null,
            ] };
        },
    };
}

/** @param {string} [after] the last node of the page before */
const pageHref = (after) => `#/nodes${after ? `?after=${encodeURIComponent(after)}` : ''}`;

/** @param {string[]} ids of nodes, in the order of the pages @param {string} after
 * @returns {string} the node that the page before comes after; empty: that is the first page */
export const pageBefore = (ids, after) => ids.filter((id) => id <= after).at(-1 - PER_PAGE) ?? '';

/** The ids of all nodes up to that one; if there are many, the store does not have all. @param {import('../store.js').Store} store @param {string} after */
async function idsUpTo(store, after) {
    const told = store.all('node').map(([id]) => id);
    if (told.length >= (store.get('status')?.nodes?.count ?? Infinity)) return told;
    /** @type {string[]} */
    const ids = [];
    for await (const { nodes } of pagesOf('/v1/nodes', { limit: PER_PAGE })) {
        ids.push(...nodes.map((/** @type {any} */ { id }) => id));
        if ((ids.at(-1) ?? after) >= after) break;
    }
    return ids;
}

/** @param {import('../main.js').App} app @param {() => void} read */
function columns(app, read) {
    return [
        { name: 'Node', cell: (/** @type {any} */ node) => h('code', null, node.id) },
        { name: 'Browser', cell: (/** @type {any} */ node) => [h('strong', null, node.browser ?? 'unknown'), ` ${plain(node.browser_version)}`, node.session ? null : h('small', null, 'joined'),
            node.user_agent ? h('small', { class: 'agent' }, node.user_agent) : null] },
        { name: 'State', cell: (/** @type {any} */ node) => [badge(...stateOf(node)), ...(node.limits ?? []).map((/** @type {any} */ one) => h('small', { title: plain(one.reason ?? '') || undefined }, limitOf(node, one)))] },
        { name: 'Runs', figure: true, cell: (/** @type {any} */ node) => count(node.attempts) },
        { name: 'Platforms', wide: true, cell: (/** @type {any} */ node) => Object.entries(node.platforms ?? {}).map(([name, one]) =>
            h('span', { class: `chip ${one.available ? '' : 'off'}`, title: plain(one.reason ?? one.adapter?.description ?? '') || undefined }, one.available ? name : `no ${plain(name)}`)) },
        { name: 'Models', wide: true, cell: (/** @type {any} */ node) => (node.models ?? []).map((/** @type {any} */ one) => h('span', { class: `chip ${one.state === 'failed' ? 'bad' : ''}` }, `${plain(one.name)} ${plain(one.platform)}`)) },
        { name: 'Round trip', figure: true, cell: (/** @type {any} */ node) => milliseconds(node.rtt_ms) },
        { name: 'Traffic', figure: true, cell: (/** @type {any} */ node) => (node.bytes_in === undefined ? '' : bytes(node.bytes_in + node.bytes_out)) },
        { name: 'Here for', figure: true, cell: (/** @type {any} */ node) => (node.connected_at ? duration(Date.now() - node.connected_at) : '') },
        ...(app.watch.isAdmin ? [{ name: 'Actions', cell: (/** @type {any} */ node) => h('span', { class: 'actions' }, verbs(node, read)) }] : []),
    ];
}

/** The table of nodes that were sent away, if there are any. @param {import('../main.js').App} app @param {any[]} rows @param {() => void} read */
function found(app, rows, read) {
    const lift = async (/** @type {any} */ { id, node, token, join: link }) => {
        if (!await confirm({ title: 'Let it join again?', text: [`${node} was sent away because of findings about it.`, `${token ? `The node token ${token}` : `The link ${link}`} is no longer refused.`], verb: 'Lift' })) return;
        await attempt(() => ask('DELETE', `/v1/admin/quarantine/${encodeURIComponent(id)}`), `${node} may come again.`);
        read();
    };
    return rows.length ? section('Under quarantine', table('Nodes that were sent away', [
        { name: 'Node', cell: (one) => h('code', null, one.node) },
        { name: 'Refused', cell: (one) => [one.token ? `node token ${plain(one.token)}` : h('code', null, one.join), one.address ? h('small', null, one.address) : null] },
        { name: 'Since', cell: (one) => moment(one.since) },
        { name: 'Until', cell: (one) => (one.until ? moment(one.until) : 'lifted by an admin') },
        { name: 'Why', wide: true, cell: (one) => [one.evidence ? h('strong', null, plain(one.evidence)) : null, ` ${plain(one.reason ?? '')}`] },
        ...(app.watch.isAdmin ? [{ name: 'Actions', cell: (/** @type {any} */ one) => button('Lift', () => lift(one), { quiet: true, label: `Lift ${one.id}` }) }] : []),
    ], [...rows].reverse(), ({ id }) => id, '')) : null;
}
