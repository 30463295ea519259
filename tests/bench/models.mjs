/**
 * Models through webinfer against the same models in a bare onnxruntime-web page, plus the way there
 * and back: an echo of as many bytes. The bare page runs them in a tight loop, with everything in its
 * caches and no core asleep, which no server's engine knows; so the floor, with the same page behind
 * it, runs them as well: what it takes beyond the sum is not ours to save.
 */
import * as kserve from '../lib/kserve.mjs';
import { echoRequest } from './contestants.mjs';
import { median, spread } from './figures.mjs';
import { tensors, wanted } from './suite.mjs';

/**
 * @param {{page: import('playwright-core').Page, floor: import('./contestants.mjs').OverHttp,
 *   webinfer: import('./contestants.mjs').OverHttp, daemon: import('../lib/daemon.mjs').Daemon,
 *   threads: number, rounds: number, ms: number, chosen: string[]}} how
 */
export async function measureModels({ page, floor, webinfer, daemon, threads, rounds, ms, chosen }) {
    const results = [];
    for (const what of wanted(chosen, threads)) {
        const { name } = what;
        const inputs = tensors(name);
        const whole = inputs.reduce((sum, { bytes }) => sum + bytes.length, 0);
        const asked = kserve.encode({ model_name: name, platform: 'wasm',
            parameters: { binary_data_output: true } }, inputs);
        const bytes = Buffer.alloc(whole, 1);
        const echo = echoRequest({ name: 'x', datatype: 'UINT8', shape: [whole], bytes });
        await page.evaluate((model) => window.ask('load', model), what);
        await daemon.answer({ model_name: name, platform: 'wasm' }, inputs); // loads it
        for (const one of [floor, webinfer]) {
            await one.prepare(name, asked);
            await one.prepare(`echo-${name}`, echo, bytes);
            await one.measure(name, 1, 2 * ms); // V8 compiles what runs often once more
        }
        results.push({ name, whole, bare: [], echo: [], webinfer: [], floor: [], floorEcho: [] });
    }
    const p50 = async (one, key, forMs) => (await one.measure(key, 1, forMs)).p50;
    const echoMs = Math.min(ms, 300);
    for (let round = 0; round < rounds; round++)
        for (const { name, ...times } of results) {
            for (const one of round % 2 ? [floor, webinfer] : [webinfer, floor])
                times[one.name].push(await p50(one, name, ms));
            times.bare.push(median(
                await page.evaluate((what) => window.ask('run', what), { name, ms })));
            times.echo.push(await p50(webinfer, `echo-${name}`, echoMs));
            times.floorEcho.push(await p50(floor, `echo-${name}`, echoMs));
            process.stderr.write('.');
        }
    for (const result of results)
        result.threads = (await daemon.answer({ model_name: result.name, platform: 'wasm' },
            tensors(result.name))).executed_on.threads;
    return results.map(modelResult);
}

/** Each round's ratios, so that what slowed a whole round down does not count. */
function modelResult({ name, whole, threads, bare, echo, webinfer, floor, floorEcho }) {
    const over = (times, parts) =>
        spread(times.map((time, round) => time / parts.reduce((sum, part) => sum + part[round], 0)));
    return { name, input_bytes: whole, threads, bare_ms: spread(bare), echo_ms: spread(echo),
        webinfer_ms: spread(webinfer), floor_ms: spread(floor), floor_echo_ms: spread(floorEcho),
        over_bare_plus_echo: over(webinfer, [bare, echo]),
        floor_over_bare_plus_echo: over(floor, [bare, floorEcho]),
        over_floor: over(webinfer, [floor]) };
}
