/**
 * The document: takes the one-time token from the address, starts the link worker, owns the engine
 * workers, and shows people what is going on. Nothing computes here.
 */
import { baseCapabilities, llamaBuild, possibleBuilds } from './capabilities.js';
import { Engines } from './engines.js';
import { show, showState } from './view.js';

/** @typedef {import('../shared/messages.js').FromLink} FromLink */
/** @typedef {import('../shared/messages.js').ToLink} ToLink */
/** @typedef {import('../shared/messages.js').Build} Build */

/** The token, taken out of the address bar and the history at once, and what else is asked for there. */
function takeAddress() {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (location.hash) history.replaceState(null, '', location.pathname + location.search);
    return { token: asked.get('token'), options: { nudge: asked.get('nudge') !== 'off' } };
}

/** The engine workers' scripts: where WASM can be suspended, those that make use of it. */
const scripts = () => ({
    ...__ENGINE_WORKERS__, ...('Suspending' in WebAssembly ? __SUSPENDING_WORKERS__ : {}),
    llama: __LLAMA_WORKERS__[llamaBuild()],
});

/** @param {string} token @param {import('../shared/messages.js').PageOptions} options */
async function start(token, options) {
    showState('starting');
    const link = new Worker(__LINK_WORKER__, { type: 'module', name: 'link' });
    const tellLink = (/** @type {ToLink} */ message, /** @type {Transferable[]} */ transfer = []) =>
        link.postMessage(message, transfer);
    const engines = new Engines(scripts(), options, tellLink);
    link.onmessage = (/** @type {MessageEvent<FromLink>} */ { data }) => {
        if (data.type === 'begin') engines.begin(data.worker, data.build);
        else if (data.type === 'close') engines.close(data.worker);
        else show(data);
    };
    link.onerror = (event) => showState('failed', event.message || 'the link worker could not be loaded');
    // A page that may be shown again goes on; else the service need not wait for it.
    addEventListener('pagehide', ({ persisted }) => {
        if (!persisted) tellLink({ type: 'leave' });
    });
    const url = new URL('/node', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const capabilities = await baseCapabilities();
    const builds = possibleBuilds(/** @type {Build[]} */ (Object.keys(__ENGINE_WORKERS__)), capabilities);
    tellLink({ type: 'start', url: url.href, token, page_version: __PAGE_VERSION__, builds, capabilities });
    for (const build of builds) engines.begin(build, build);
}

const { token, options } = takeAddress();
if (token) start(token, options).catch((error) => showState('failed', String(error)));
else showState('no-token');
