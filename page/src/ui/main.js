/**
 * The document: takes the token from the address, starts the link worker, owns the engine
 * workers, and shows people what is going on. Nothing computes here.
 */
import { baseCapabilities, llamaBuild, possibleBuilds, powerOf } from './capabilities.js';
import { Engines } from './engines.js';
import { Features } from './features.js';
import { choose, read, readPeers, sentenceOf } from './endpoints.js';
import { keep, recall } from './kept.js';
import { isPeer } from '../link/port_socket.js';
import { clear, counted } from '../shared/kept_files.js';
import { isOver } from '../shared/lent.js';
import { countFetched } from '../shared/traffic.js';
import { Peering } from './peering.js';
import { Person } from './person.js';
import { carry, readFragment, Settings } from '../people/settings.js';
import { onClear, show, showEndpoints, showKept, showState, showUnloaded } from './view.js';
import { ask, askNoMore, onVerbs, showLent, tellKeep } from './volunteer.js';

/** @import { Build, FromLink, StateMessage, ToLink } from '../shared/messages.js' */

/** The name under which the tab keeps the fragment of its address, across a reload and when a browser restores the tab, if its token
 * can be used more than once. */
const FRAGMENT = 'webinfer.fragment';
/** The name under which the browser keeps what its person has set, for all tabs; no token is ever in it. */
const SETTINGS = 'webinfer.settings';
const keepFragment = (/** @type {string} */ fragment) => keep('sessionStorage', FRAGMENT, fragment);

/** The token and the other options of the address, which are removed at once from the address bar and the history; without
 * a token, the fragment that this tab had before it was reloaded. */
function takeAddress() {
    const found = readFragment(location.hash.slice(1));
    if (location.hash) history.replaceState(null, '', location.pathname + location.search);
    return found.asked.has('token') ? found : readFragment(recall('sessionStorage', FRAGMENT));
}

/** Says what the browser keeps of models. */
const showFiles = async () => showKept(await counted());

/** Comes back with what the service has now. @param {string} [address] within this origin */
function reload(address = `#${asked}`) {
    history.replaceState(null, '', address);
    location.reload();
}

/** Opens this page at a sibling of its service, with its settings. @param {string} origin */
function reopen(origin) {
    const at = services.indexOf(origin), order = [...services.slice(at), ...services.slice(0, at)];
    location.assign(`${origin}/${isChosen ? `?node_endpoints=${order.join(',')}` : ''}#${carry(settings.values, asked)}`);
}

/** The services that its link lets this page go to. */
async function chooseServices() {
    const wanted = new URLSearchParams(location.search).get('node_endpoints');
    if (wanted === null) return [location.origin];
    const siblings = fetch('/endpoints').then((response) => (response.ok ? response.text() : ''), () => '');
    const peers = fetch('/peers').then((response) => response.json()).catch(() => null);
    const chosen = choose(wanted, location.origin, [...read(await siblings), ...readPeers(await peers)]);
    showEndpoints(sentenceOf(chosen));
    return chosen.origins;
}

/** Bytes of files, those of this page and those that its workers have fetched, and what shows them. */
let fetched = 0, showFetched = () => {};
const countMore = (/** @type {number} */ bytes) => {
    fetched += bytes;
    showFetched();
};

/** The engine workers' scripts: where WASM can be suspended, those that make use of it. */
const scripts = () => ({
    ...__ENGINE_WORKERS__, ...('Suspending' in WebAssembly ? __SUSPENDING_WORKERS__ : {}),
    ...__LLAMA_WORKERS__[llamaBuild()], ...__KERNELS_WORKERS__,
});

/** Connects the person's buttons. @param {(message: ToLink) => void} tellLink @param {Engines} engines
 * @returns {{left: boolean}} */
function hearVerbs(tellLink, engines) {
    const heard = { left: false };
    onVerbs((paused) => person.pause(paused), () => {
        heard.left = true;
        keepFragment('');
        tellLink({ type: 'leave', reason: 'its person stopped it' });
        engines.closeAll();
        person.end();
    });
    return heard;
}

/** Starts with the options of the address, and keeps them with the token: a page that was started need not be started again when
 * it returns, and a paused one stays paused. @param {string} token */
async function start(token) {
    asked.set('start', '');
    showState('starting');
    const link = new Worker(__LINK_WORKER__, { type: 'module', name: 'link' });
    const tellLink = (/** @type {ToLink} */ message, /** @type {Transferable[]} */ transfer = []) =>
        link.postMessage(message, transfer);
    let models = '';
    /** @type {StateMessage | null} */
    let last = null;
    const draw = () => {
        if (!last) return;
        show(last, person.rests);
        showLent(last, fetched, person.hasPaused);
        if (heard.left) showState('stopped', '', 'left');
    };
    showFetched = draw;
    const { preferredDevice: device } = settings.values;
    const options = () => ({ nudge: asked.get('nudge') !== 'off', gpu: asked.has('gpu'), power: powerOf(device) });
    const engines = new Engines(scripts(), options, tellLink, countMore, (port) => peering.share(port), (request, port) => peering.get(request, port, countMore));
    const features = new Features(__FEATURE_WORKERS__, (name, found) => {
        peering.found(name, found.state);
        tellLink({ type: 'found', name, found });
    }, countMore);
    const heard = hearVerbs(tellLink, engines);
    link.onmessage = (/** @type {MessageEvent<FromLink>} */ { data }) => {
        if (data.type === 'begin') engines.begin(data.worker, data.build);
        else if (data.type === 'close') engines.close(data.worker);
        else if (data.type === 'reload') reload();
        else if (data.type === 'reopen') reopen(data.origin);
        else if (data.type === 'dial') peering.open(data.address, data.port);
        else if (data.type === 'ticket') peering.hold(data.ticket);
        else if (data.type === 'find') features.find(data.name);
        else if (data.type === 'found_all') features.end();
        else {
            if (data.platforms.webgpu?.available) asked.set('gpu', '');
            if (isOver(data)) {
                keepFragment('');
                peering.end();
            } else if (data.joined && !heard.left) keepFragment(String(asked));
            last = data;
            draw();
            person.show(data);
            peering.show(data);
            const now = JSON.stringify(data.models);
            if (now !== models) showFiles();
            models = now;
        }
    };
    link.onerror = (event) => showState('failed', event.message || 'the link worker could not be loaded');
    // A page that may be shown again continues; otherwise the service need not wait for it.
    addEventListener('pagehide', ({ persisted }) => {
        if (!persisted) tellLink({ type: 'leave', reason: 'its page was closed' });
    });
    const script = import.meta.url.slice(import.meta.url.lastIndexOf('/') + 1);
    const capabilities = await baseCapabilities(device);
    const builds = possibleBuilds(/** @type {Build[]} */ (Object.keys(__ENGINE_WORKERS__)), capabilities);
    peering.begin(tellLink);
    tellLink({ type: 'start', services, isChosen, token, page_version: __PAGE_VERSION__, script, builds, capabilities,
        ...person.begin(tellLink, draw) });
    for (const build of builds) engines.begin(build, build);
}

onClear(() => clear().then(showFiles));
showFiles();
countFetched(countMore);
const linked = new URLSearchParams(location.hash.slice(1));
/** A link that starts at once is a session's, or for no person, unless this tab had joined before. */
const isForPerson = !linked.has('token') || !linked.has('start') || recall('sessionStorage', FRAGMENT) !== '';
const { asked, problem } = takeAddress(), token = asked.get('token') ?? '';
const settings = new Settings(asked, recall('localStorage', SETTINGS), (text) => keep('localStorage', SETTINGS, text), problem);
const peering = new Peering(settings, () => services.filter(isPeer), showUnloaded);
const person = new Person(settings, asked, {
    scripts: scripts(),
    peering,
    fetched: countMore,
    changed: () => {
        tellKeep(settings.values.storageLimit);
        showFiles();
    },
    restart: (origin) => {
        if (origin !== location.origin) return reopen(origin);
        if (!token) keepFragment(String(asked)); // a page that has stopped has kept none, and a device's address says nothing
        reload();
    },
    open: reload,
    failed: showUnloaded,
});
const isChosen = new URLSearchParams(location.search).has('node_endpoints');
if (isForPerson) await person.remembered.recall();
const mayJoin = token !== '' || person.remembered.isKept;
const services = mayJoin ? await chooseServices() : [];
const begin = () => start(token).catch((error) => showState('failed', String(error)));
if (!mayJoin) {
    showState('no-token');
    person.open();
} else if (!asked.has('start')) {
    tellKeep(settings.values.storageLimit);
    showFetched = ask(services, () => fetched, begin, token ? 'asking' : 'known');
    person.remembered.onForgotten = () => {
        if (!token && !asked.has('start')) askNoMore();
    };
    person.open();
} else if (settings.isChosen) person.open().then(begin); // rules hold from the beginning
else begin();
