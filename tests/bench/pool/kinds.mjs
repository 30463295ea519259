/** The daemon with every kind of browser that this machine has, one session each. */
import { withDaemon } from '../../lib/daemon.mjs';
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

/** The configuration of each kind that is here, by its name. Those that are not are said. */
export function kindSections() {
    const found = {};
    for (const [kind, section] of Object.entries(sections)) {
        try {
            found[kind] = section();
        } catch (error) {
            console.error(`without ${kind}: ${error.message}`);
        }
    }
    return found;
}

/**
 * Gives it, once all of them serve, to `body` together with the names of the kinds, and stops it.
 * Kinds that are not there are left out.
 */
export function withAll({ models, pool = {} }, body) {
    const found = kindSections(), kinds = Object.keys(found);
    const config = Object.fromEntries(kinds.map((kind) => [`browser.${kind}`, found[kind]]));
    config.pool = { min_connections: kinds.length, max_connections: kinds.length,
        connection_timeout: '60s', ...pool };
    return withDaemon({ models, config, logToFile: true }, async (daemon) => {
        await daemon.serving(kinds.length);
        return body(daemon, kinds);
    });
}
