/** The daemon with every kind of browser that this machine has, one session each. */
import { Daemon } from '../../lib/daemon.mjs';
import { edge, safari } from '../../lib/browsers.mjs';
import { findProgram } from '../../lib/paths.mjs';

const sections = {
    chrome: () => ({ gpu: 'software', min_connections: 1, max_connections: 1 }),
    edge: () => edge({ min_connections: 1 }),
    firefox: () => {
        if (!findProgram('firefox-esr', 'firefox')) throw new Error('firefox is not installed');
        return { gpu: 'software', min_connections: 1, max_connections: 1 };
    },
    safari: () => safari({ min_connections: 1 }),
};

/** What each of them is asked to run on. */
export const platforms = { chrome: ['wasm', 'webgpu'], edge: ['webnn', 'wasm'],
    firefox: ['wasm', 'webgpu'], safari: ['wasm'] };

/** Starts it and waits until all of them serve. Kinds that are not there are said and left out. */
export async function startAll({ models, pool = {}, only = Object.keys(sections) }) {
    const config = {};
    for (const kind of only) {
        try {
            config[`browser.${kind}`] = sections[kind]();
        } catch (error) {
            console.error(`without ${kind}: ${error.message}`);
        }
    }
    const kinds = Object.keys(config).map((section) => section.slice('browser.'.length));
    config.pool = { min_connections: kinds.length, max_connections: kinds.length,
        connection_timeout: '60s', ...pool };
    const daemon = await new Daemon({ models, config, logToFile: true }).start();
    await daemon.serving(kinds.length);
    return { daemon, kinds };
}
