/** One request of each family through webinfer, in a bare page, and in Node, in turn in every round. */
import { median, shown, spread, table } from '../figures.mjs';

/** Of the bare page's speed. */
const GOAL = 0.95;

/** V8 compiles what runs often once more, a WASM function at a time: a run that is so much faster than the
 * fastest before it says that there may be more to come. */
const FASTER = 0.95;

/** Runs it until it gets no faster, or so often. */
async function warmUp(who, work, ms, most) {
    for (let i = 0, least = Infinity; i < most; i++) {
        const now = median(await who.run(work, ms));
        if (now > FASTER * least) return;
        least = now;
    }
}

/** @returns {Promise<object[]>} a row for every piece of work; `inside` is what of webinfer's the page took, `together`
 * what a request takes of two clients, `more` how many milliseconds webinfer takes beside the bare page,
 * `atBest` its share by each side's fastest request, which other programs have slowed down the least */
export async function measureFamilies({ contestants, webinfer, works, rounds, ms }) {
    const rows = [];
    for (const work of works) {
        const times = Object.fromEntries(contestants.map(({ name }) => [name, []])), inside = [], together = [];
        const least = Object.fromEntries(contestants.map(({ name }) => [name, Infinity]));
        for (const who of contestants) {
            await who.load(work);
            if (who.compiles) await warmUp(who, work, ms, rounds);
        }
        for (let round = 0; round < rounds; round++) {
            const order = round % 2 ? [...contestants].reverse() : contestants;
            for (const who of order) {
                const told = await who.runApart(work, ms);
                times[who.name].push(median(told.times));
                least[who.name] = Math.min(least[who.name], told.least ?? Math.min(...told.times));
                if (told.inside) inside.push(median(told.inside));
            }
            together.push(await webinfer.together(work, ms));
        }
        for (const who of contestants) await who.unload(work);
        process.stderr.write('.');
        // Each round's ratio, so that what slowed a whole round down does not count.
        const share = (list) => spread(list.map((time, round) => times.bare[round] / time));
        rows.push({ family: work.family, ...Object.fromEntries(
            Object.entries(times).map(([name, list]) => [name, spread(list)])),
        inside: spread(inside), together: spread(together), speed: share(times.webinfer), speedOfFloor: share(times.floor),
        overFloor: spread(times.webinfer.map((time, round) => time / times.floor[round])),
        speedInside: share(inside), speedTogether: share(together), atBest: least.bare / least.webinfer,
        more: spread(times.webinfer.map((time, round) => time - times.bare[round])) });
    }
    return rows;
}

export const printFamilies = (rows) =>
    table('A request of each family, WASM: p50 in ms, median of the rounds (spread)',
        ['family', 'bare page', 'floor', 'webinfer', 'of it in the page', 'native', "share of the bare page's speed",
            "the floor's share", 'over the floor', 'ms more', 'at best', 'in the page', 'of two clients'],
        rows.map((row) => [row.family, ...[row.bare, row.floor, row.webinfer, row.inside, row.native, row.speed,
            row.speedOfFloor, row.overFloor, row.more].map(shown),
        row.atBest, ...[row.speedInside, row.speedTogether].map(shown)]));

export function familyGoals(rows, goal) {
    for (const { family, speed } of rows)
        goal(`share of the bare page's speed, ${family}`, speed.median, GOAL, true);
}
