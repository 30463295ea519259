/** The console: which view the address names, what is above it, and when it is drawn again. */
import { sentence } from './advice.js';
import { useToken } from './api.js';
import { draw, h } from './draw.js';
import { clock, many } from './format.js';
import { Store } from './store.js';
import { sentencesOf } from './told.js';
import { holdBack, say, unsay } from './parts.js';
import { clusterView } from './views/cluster.js';
import { modelView } from './views/model.js';
import { modelsView } from './views/models.js';
import { logsView } from './views/logs.js';
import { nodesView } from './views/nodes.js';
import { nowView } from './views/now.js';
import { resultsView } from './views/results.js';
import { tryView } from './views/try.js';
import { unknownView } from './views/unknown.js';
import { vectorsView } from './views/vectors.js';
import { Watch } from './watch.js';

/** @import { Part } from './draw.js' */
/** @typedef {{title: string, kinds: string[], ticks?: boolean, render: () => {state: 'filled' | 'loading' | 'failed', parts: Part[]},
 * stop?: () => void, fresh?: () => void}} View `kinds` of objects with which it is drawn again; `fresh` when the connection is there again */
/** @typedef {{store: Store, watch: Watch, status: () => any, redraw: () => void}} App */

const VIEWS = [['now', 'Now'], ['models', 'Models'], ['try', 'Try'], ['vectors', 'Vectors'], ['nodes', 'Nodes'], ['results', 'Results'], ['cluster', 'Cluster'], ['logs', 'Logs']];
/** Interval for drawing things that change all the time: people do not read faster, and the machine has other work. */
const PACE_MS = 1000;
/** Things that change now and then are drawn at once: up to so many redraws may be ahead of that pace. */
const AT_ONCE = 4;
const store = new Store();
/** @type {any} */
let lastStatus = {};
let wanted = false;
let drawnAt = 0, due = 0, later = 0;
const watch = new Watch(store, { changed: onState, welcome: (status) => { lastStatus = status; } });
/** @type {App} */
const app = { store, watch, status: () => lastStatus, redraw };
/** @type {View} */
let view = unknownView('', viewsHere);
/** The state that was shown last; each state is announced once. */
let shownState = '';

/** @returns {{name: string, rest: string, query: URLSearchParams}} what the address asks for */
function addressed() {
    const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
    let decoded = '';
    try {
        decoded = decodeURIComponent(path);
    } catch {
        return { name: path, rest: '', query: new URLSearchParams() };
    }
    const [name, ...rest] = decoded.split('/');
    return { name: name || 'now', rest: rest.join('/'), query: new URLSearchParams(query) };
}

/** @returns {View} */
function viewOf() {
    const { name, rest, query } = addressed();
    if (name === 'now' && !rest) return nowView(app);
    if (name === 'models') return rest ? modelView(app, rest) : modelsView(app, query);
    if (name === 'try') return tryView(app, rest, query);
    if (name === 'vectors' && !rest) return vectorsView(app, query);
    if (name === 'nodes' && !rest) return nodesView(app, query.get('after') ?? '');
    if (name === 'results') return resultsView(app, rest, query);
    if (name === 'cluster' && !rest) return clusterView(app);
    if (name === 'logs' && !rest) return logsView(app, query);
    return unknownView(rest ? `${name}/${rest}` : name, viewsHere);
}

/** Those that this daemon has for this client. */
function viewsHere() {
    const isHere = { logs: watch.isAdmin || watch.state === 'loading', cluster: Boolean(lastStatus.cluster) || addressed().name === 'cluster' };
    return VIEWS.filter(([one]) => isHere[/** @type {'logs'} */ (one)] ?? true);
}

function onAddress() {
    unsay();
    view.stop?.();
    view = viewOf();
    document.title = `${view.title} – webinfer`;
    render();
    /** @type {HTMLElement} */ (document.getElementById('view')).scrollTop = 0;
    if (document.activeElement === document.body) document.getElementById('view')?.focus({ preventScroll: true });
}

function onState() {
    const { state } = watch;
    if (state === shownState) return redraw();
    const before = shownState;
    shownState = state;
    if (state === 'live' && before === 'stale') say('The daemon answers again; the page is up to date.');
    if (state === 'stale') say(`The daemon has not answered since ${clock(watch.since)}.`, true);
    if (state === 'live' && view.fresh) {
        view.fresh();
    } else if (state === 'live' || state === 'token') {
        view.stop?.();
        view = viewOf(); // with the rank that there is now, and nothing that was read before
        document.title = `${view.title} – webinfer`;
    }
    render();
}

/** Draws once, however much has changed. */
function redraw() {
    if (wanted) return;
    wanted = true;
    requestAnimationFrame(() => {
        wanted = false;
        render();
    });
}

/** Draws what the daemon has told, soon. */
function redrawInTime() {
    if (wanted || later) return;
    const now = performance.now(), rest = due - AT_ONCE * PACE_MS - now;
    due = Math.max(due, now) + PACE_MS;
    if (rest <= 0) redraw();
    else later = window.setTimeout(redraw, rest);
}

/** Ages, while nothing else has them drawn. */
function tick() {
    if (view.ticks && watch.state === 'live' && !document.hidden && performance.now() - drawnAt > PACE_MS / 2) redraw();
}

function render() {
    drawnAt = performance.now();
    clearTimeout(later);
    later = 0;
    document.body.dataset.state = watch.state;
    holdBack(watch.state === 'stale' ? `The daemon has not answered since ${clock(watch.since)}: requests are possible once it does.` : '');
    const top = /** @type {HTMLElement} */ (document.getElementById('top'));
    const main = /** @type {HTMLElement} */ (document.getElementById('view'));
    draw(top, navigation(), banner());
    if (watch.state === 'token') {
        main.dataset.view = 'token';
        main.dataset.state = 'filled';
        draw(main, tokenForm());
        return;
    }
    const isEmpty = watch.state === 'loading';
    const { state, parts } = isEmpty ? { state: 'loading', parts: [h('p', null, watch.problem ? `${sentence(watch.problem)} The console keeps trying.` : 'Asking the daemon.')] } : view.render();
    main.dataset.view = addressed().name;
    main.dataset.address = location.hash;
    main.dataset.state = state;
    draw(main, h('h1', { key: 'h1' }, view.title), ...parts);
}

function navigation() {
    const { name } = addressed();
    return h('nav', { 'aria-label': 'Views', key: 'nav' }, h('span', { class: 'brand' }, 'webinfer'),
        viewsHere().map(([one, title]) => h('a', { href: `#/${one}`, 'aria-current': one === name ? 'page' : undefined }, title)),
        h('a', { href: 'docs/', target: '_blank', rel: 'noopener' }, 'Documentation')); // this page would forget the token
}

function banner() {
    if (watch.state !== 'stale') return null;
    return h('p', { class: 'banner', role: 'alert', key: 'banner' },
        `The daemon has not answered since ${clock(watch.since)}. The figures below date from then. The console keeps trying.`,
        watch.problem ? ` It said: ${watch.problem}` : null);
}

function tokenForm() {
    const send = (/** @type {Event} */ event) => {
        event.preventDefault();
        const field = /** @type {HTMLInputElement} */ (document.getElementById('token'));
        useToken(field.value);
        field.value = '';
        watch.hurry();
    };
    return h('form', { class: 'token', onsubmit: send, autocomplete: 'off' },
        h('h1', null, 'A token is needed'),
        h('p', null, 'This daemon requires a token from its tokens_file, with the rank user or admin. The page forgets it when you close it, and stores it nowhere.'),
        watch.problem ? h('p', { key: 'problem', class: 'problem', role: 'alert' }, watch.problem) : null,
        h('p', { key: 'verbs', class: 'verbs' }, h('label', { for: 'token' }, 'Token'),
            h('input', { id: 'token', type: 'password', autocomplete: 'off', spellcheck: 'false', required: true }),
            h('button', null, 'Use it')));
}

const told = sentencesOf(store);
store.subscribe((kinds, keys) => {
    const sentences = told(keys);
    if (watch.state === 'live' && sentences.length > 0)
        say(sentences.length > 3 ? `${many(sentences.length, 'thing has', 'things have')} changed.` : sentences.join(' '));
    if (view.kinds.some((kind) => kinds.has(kind))) redrawInTime();
});
window.addEventListener('hashchange', onAddress);
document.getElementById('unsay')?.addEventListener('click', () => {
    unsay();
    document.getElementById('view')?.focus({ preventScroll: true }); // the button that had the focus is gone
});
window.addEventListener('online', () => { if (watch.state === 'stale') watch.hurry(); });
document.addEventListener('visibilitychange', () => { if (watch.state === 'stale') watch.hurry(); });
setInterval(tick, PACE_MS);
onAddress();
void watch.run();
