/** One request of each family through webinfer, in a bare page, and in Node, in turn in every round. */
import { median, shown, spread, table } from '../figures.mjs';

/** Goals are for requests that take at least so long: below, a request's own cost shows. */
export const GOAL_MS = 20;

/** @returns {Promise<object[]>} a row for every piece of work that webinfer does */
export async function measureFamilies({ contestants, works, rounds, ms }) {
    const rows = [];
    for (const work of works) {
        const times = Object.fromEntries(contestants.map(({ name }) => [name, []]));
        for (const who of contestants) {
            await who.load(work);
            await who.run(work, ms); // V8 compiles what runs often once more
        }
        for (let round = 0; round < rounds; round++) {
            const order = round % 2 ? [...contestants].reverse() : contestants;
            for (const who of order) times[who.name].push(median(await who.run(work, ms)));
        }
        process.stderr.write('.');
        rows.push({ family: work.family, ...Object.fromEntries(
            Object.entries(times).map(([name, list]) => [name, spread(list)])),
        // Each round's ratio, so that what slowed a whole round down does not count.
        speed: spread(times.webinfer.map((time, round) => times.bare[round] / time)) });
    }
    return rows;
}

export const printFamilies = (rows) =>
    table('A request of each family, WASM: p50 in ms, median of the rounds (spread)',
        ['family', 'bare page', 'webinfer', 'native', "share of the bare page's speed"],
        rows.map((row) => [row.family, shown(row.bare), shown(row.webinfer), shown(row.native),
            shown(row.speed)]));

export function familyGoals(rows, goal) {
    for (const { family, bare, speed } of rows)
        if (bare.median >= GOAL_MS)
            goal(`share of the bare page's speed, ${family}`, speed.median, 0.95, true);
}
