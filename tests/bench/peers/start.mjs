/** How long it takes from a link to the first answer of its page, which is the first of that browser: directly, and if all comes by webinfer-peer. */
import { shown, spread, table } from '../figures.mjs';
import { MBIT } from './ground.mjs';

/** Where the page comes from. One of webinfer-peer's is led through it. */
const ORIGINS = { direct: ({ bridge }) => bridge, 'by webinfer-peer': ({ peer }) => peer.page };

/** Seconds. @param {any} ground @param {string} origin */
async function visit(ground, origin) {
    const { tab, close } = await ground.openBrowser(0);
    try {
        const link = `${origin}/#token=${await ground.token(1)}&start`, began = performance.now();
        await tab.goto(link);
        await ground.warm(await ground.nodeOf(tab, 5));
        return (performance.now() - began) / 1000;
    } finally {
        await close();
        await ground.empty();
    }
}

/** @param {any} ground @param {{rounds: number}} options */
export async function measure(ground, { rounds }) {
    const rows = [];
    for (const isHeld of [false, true]) {
        const found = Object.fromEntries(Object.keys(ORIGINS).map((name) => [name, []]));
        for (let round = 0; round < rounds; round++)
            for (const name of round % 2 ? Object.keys(ORIGINS).reverse() : Object.keys(ORIGINS)) {
                if (isHeld) ground.hold();
                try {
                    found[name].push(await visit(ground, ORIGINS[name](ground)));
                } finally {
                    ground.release();
                }
                process.stderr.write('.');
            }
        rows.push(...Object.keys(ORIGINS).map((name) => ({ isHeld, name, seconds: spread(found[name]) })));
    }
    return rows;
}

/** @param {Awaited<ReturnType<typeof measure>>} rows */
export const print = (rows) => table('From link to first task (an ONNX model on WASM), s: median of the rounds (spread)', ['line', 'way', 's'],
    rows.map(({ isHeld, name, seconds }) => [isHeld ? `${MBIT} Mbit/s` : 'not held', name, shown(seconds)]));

export const goals = () => [];
