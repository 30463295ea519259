/**
 * Pulls from sources of known speed, in processes of their own: two of different speed against the sum of both limits, three
 * alike against one, and a good one beside one that lies and one that trickles against the good one alone.
 */
import path from 'node:path';
import { fetchTo } from './curl.mjs';
import { byTurns, least, MB, MIB, publish, publisher, pullAnew, pullsFrom, putModel } from './ground.mjs';
import { hubsOf, withSources } from './sources.mjs';

const SOON = 5, LATER = 20; // ms before each answer
const LIE_EVERY = 20;

/** Has a CAR of a model of that size made, for `work`. */
async function withCar(mib, work) {
    const daemon = publisher(), name = 'bench/rates', car = path.join(daemon.folder, 'bench.car');
    putModel(daemon.store, name, mib * MIB);
    await daemon.start({ ready: false });
    try {
        const { cid } = await publish(daemon, name);
        await fetchTo(car, `${daemon.bridgeUrl}/ipfs/${cid}?format=car`);
        return await work(car, `ipfs://${cid}`);
    } finally {
        await daemon.stop();
    }
}

/** A pull from sources as these, and what each of them sent. @param {Record<string, object>} options */
const pullFrom = (car, model, options) => () =>
    withSources(Object.fromEntries(Object.entries(options).map(([name, one]) => [name, { car, ...one }])), async (sources) => {
        const pulled = await pullAnew(pullsFrom(hubsOf(sources)), model), sent = {};
        for (const [name, source] of Object.entries(sources)) sent[name] = await source.sent();
        return { ...pulled, sent };
    });

/** @param {{mib: number, rounds: number}} options */
export const twoRates = ({ mib, rounds }) => withCar(mib, async (car, model) => {
    const fast = { rate: 40 * MB, latency: SOON }, slow = { rate: 10 * MB, latency: LATER };
    const { both } = await byTurns({ both: pullFrom(car, model, { fast, slow }) }, rounds);
    const rate = mib * MIB / least(both, 'seconds');
    return { mib, both, mbPerSecond: rate / MB, ratio: rate / (fast.rate + slow.rate) };
});

/** @param {{mib: number, rounds: number}} options */
export const threeAlike = ({ mib, rounds }) => withCar(mib, async (car, model) => {
    const one = { rate: 20 * MB, latency: LATER };
    const { alone, three } = await byTurns({ alone: pullFrom(car, model, { a: one }), three: pullFrom(car, model, { a: one, b: one, c: one }) }, rounds);
    return { mib, alone, three, ratio: least(alone, 'seconds') / least(three, 'seconds'), mbPerSecond: mib * MIB / MB / least(three, 'seconds') };
});

/** @param {{mib: number, rounds: number}} options */
export const badOnes = ({ mib, rounds }) => withCar(mib, async (car, model) => {
    const good = { rate: 20 * MB, latency: SOON };
    const { alone, three } = await byTurns({ alone: pullFrom(car, model, { good }),
        three: pullFrom(car, model, { good, liar: { ...good, lieEvery: LIE_EVERY }, slug: { ...good, trickles: true } }) }, rounds);
    const lies = three.map(({ sent }) => sent.liar.lies);
    return { mib, alone, three, lies, ratio: least(alone, 'seconds') / least(three, 'seconds') };
});
