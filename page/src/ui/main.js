/**
 * The document: takes the token from the address, starts the link worker, owns the engine
 * workers, and shows people what is going on. Nothing computes here.
 */
import { baseCapabilities, llamaBuild, possibleBuilds } from './capabilities.js';
import { Engines } from './engines.js';
import { Features } from './features.js';
import { choose, read, sentenceOf } from './endpoints.js';
import * as kept from './kept.js';
import { clear, counted } from '../shared/kept_files.js';
import { countFetched } from '../shared/traffic.js';
import { onClear, show, showEndpoints, showKept, showState } from './view.js';
import { ask, onVerbs, showLent } from './volunteer.js';

/** @import { Build, FromLink, ToLink } from '../shared/messages.js' */

/** The token and the other options of the address, which are removed at once from the address bar and the history; without
 * a token, the fragment that this tab had before it was reloaded. */
function takeAddress() {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (location.hash) history.replaceState(null, '', location.pathname + location.search);
    return asked.has('token') ? asked : new URLSearchParams(kept.get());
}

/** A browser keeps so much of model files, unless its address says otherwise, and if it grants twice that. It is enough for
 * several models of the sizes that a page loads, and leaves room on a disk for other things. */
const KEEP_GIB = 16;

/** Bytes of models' files that the browser is to keep. @param {URLSearchParams} asked */
function keepOf(asked) {
    const gib = Number(asked.get('keep') ?? KEEP_GIB);
    return (gib >= 0 ? gib : KEEP_GIB) * 2 ** 30;
}

/** Says what the browser keeps of models. */
const showFiles = async () => showKept(await counted());

/** Comes back with what the service has now. @param {URLSearchParams} asked */
function reload(asked) {
    history.replaceState(null, '', `#${asked}`);
    location.reload();
}

/** Opens this page at a sibling of its service, with its settings. @param {string} origin @param {URLSearchParams} asked
 * @param {string[]} services to try */
function reopen(origin, asked, services) {
    const at = services.indexOf(origin), order = [...services.slice(at), ...services.slice(0, at)];
    location.assign(`${origin}/${isChosen ? `?node_endpoints=${order.join(',')}` : ''}#${asked}`);
}

/** The services that its link lets this page go to. */
async function chooseServices() {
    const wanted = new URLSearchParams(location.search).get('node_endpoints');
    if (wanted === null) return [location.origin];
    const known = await fetch('/endpoints').then((response) => (response.ok ? response.text() : ''), () => '');
    const chosen = choose(wanted, location.origin, read(known));
    showEndpoints(sentenceOf(chosen));
    return chosen.origins;
}

/** Bytes of files, those of this page and those that its workers have fetched. */
let fetched = 0;
const countMore = (/** @type {number} */ bytes) => { fetched += bytes; };

/** The engine workers' scripts: where WASM can be suspended, those that make use of it. */
const scripts = () => ({
    ...__ENGINE_WORKERS__, ...('Suspending' in WebAssembly ? __SUSPENDING_WORKERS__ : {}),
    ...__LLAMA_WORKERS__[llamaBuild()], ...__KERNELS_WORKERS__,
});

/** Connects the person's buttons. @param {URLSearchParams} asked @param {(message: ToLink) => void} tellLink @param {Engines} engines
 * @returns {{left: boolean}} */
function hearVerbs(asked, tellLink, engines) {
    const heard = { left: false };
    onVerbs((paused) => {
        if (paused) asked.set('paused', '');
        else asked.delete('paused');
        tellLink({ type: 'pause', paused });
    }, () => {
        heard.left = true;
        kept.set('');
        tellLink({ type: 'leave', reason: 'its person stopped it' });
        engines.closeAll();
    });
    return heard;
}

/** @param {string[]} services @param {string} token @param {URLSearchParams} asked the options of the address, with the token: a page that was started need
 * not be started again when it returns, and a paused one stays paused */
async function start(services, token, asked) {
    asked.set('start', '');
    showState('starting');
    const link = new Worker(__LINK_WORKER__, { type: 'module', name: 'link' });
    const tellLink = (/** @type {ToLink} */ message, /** @type {Transferable[]} */ transfer = []) =>
        link.postMessage(message, transfer);
    let models = '';
    const options = () => ({ nudge: asked.get('nudge') !== 'off', gpu: asked.has('gpu') });
    const engines = new Engines(scripts(), options, tellLink, countMore);
    const features = new Features(__FEATURE_WORKERS__, (name, found) => tellLink({ type: 'found', name, found }), countMore);
    const heard = hearVerbs(asked, tellLink, engines);
    link.onmessage = (/** @type {MessageEvent<FromLink>} */ { data }) => {
        if (data.type === 'begin') engines.begin(data.worker, data.build);
        else if (data.type === 'close') engines.close(data.worker);
        else if (data.type === 'reload') reload(asked);
        else if (data.type === 'reopen') reopen(data.origin, asked, services);
        else if (data.type === 'find') features.find(data.name);
        else if (data.type === 'found_all') features.end();
        else {
            if (data.platforms.webgpu?.available) asked.set('gpu', '');
            if (data.state === 'refused' || data.state === 'stopped') kept.set('');
            else if (data.joined && !heard.left) kept.set(String(asked));
            show(data);
            showLent(data, fetched);
            if (heard.left) showState('stopped', '', 'left');
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
    const capabilities = await baseCapabilities();
    const builds = possibleBuilds(/** @type {Build[]} */ (Object.keys(__ENGINE_WORKERS__)), capabilities);
    tellLink({ type: 'start', services, isChosen, token, page_version: __PAGE_VERSION__, script, builds, capabilities,
        keep: keepOf(asked), paused: asked.has('paused') });
    for (const build of builds) engines.begin(build, build);
}

onClear(() => clear().then(showFiles));
showFiles();
countFetched(countMore);
const asked = takeAddress(), token = asked.get('token');
const isChosen = new URLSearchParams(location.search).has('node_endpoints');
const services = token ? await chooseServices() : [];
const begin = () => start(services, String(token), asked).catch((error) => showState('failed', String(error)));
if (!token) showState('no-token');
else if (asked.has('start')) begin();
else ask(services, keepOf(asked), () => fetched, begin);
