/** Models through webinfer against the same models in a bare onnxruntime-web page. */
import fs from 'node:fs';
import path from 'node:path';
import * as kserve from '../lib/kserve.mjs';
import { sharedModels } from '../lib/paths.mjs';
import { echoRequest } from './contestants.mjs';
import { median, spread } from './figures.mjs';

export const names = ['op_add', 'vision_mnist_ms_digit7', 'audio_dtln_model1',
    'text_embed_generated_h64_l2', 'cnn_squeezenet_randw', 'light_resnet50'];

const spec = (name) =>
    JSON.parse(fs.readFileSync(path.join(sharedModels, name, 'case.json'), 'utf8'));

function tensors(name) {
    return spec(name).inputs.map(({ name: input, dtype, shape, file }) => ({
        name: input, datatype: kserve.fromNumpy[dtype], shape,
        bytes: fs.readFileSync(path.join(sharedModels, name, file)),
    }));
}

/**
 * @param {{page: import('playwright-core').Page, webinfer: import('./contestants.mjs').OverHttp,
 *   daemon: import('../lib/daemon.mjs').Daemon, threads: number, rounds: number, ms: number}} how
 */
export async function measureModels({ page, webinfer, daemon, threads, rounds, ms, chosen }) {
    const results = [];
    for (const name of chosen) {
        const inputs = tensors(name);
        const whole = inputs.reduce((sum, { bytes }) => sum + bytes.length, 0);
        await page.evaluate((what) => window.ask('load', what),
            { name, threads, inputs: spec(name).inputs });
        await daemon.answer({ model_name: name, platform: 'wasm' }, inputs); // loads it
        await webinfer.prepare(name, kserve.encode({ model_name: name, platform: 'wasm',
            parameters: { binary_data_output: true } }, inputs));
        const bytes = Buffer.alloc(whole, 1);
        await webinfer.prepare(`echo-${name}`, echoRequest(
            { name: 'x', datatype: 'UINT8', shape: [whole], bytes }), bytes);
        results.push({ name, input_bytes: whole, bare: [], spaced: [], through: [], echo: [],
            over: [], overSpaced: [] });
    }
    for (let round = 0; round < rounds; round++)
        for (const result of results) {
            const times = await page.evaluate((what) => window.ask('run', what),
                { name: result.name, ms });
            const apart = await page.evaluate((what) => window.ask('run', what),
                { name: result.name, ms, pause: 1 });
            const through = (await webinfer.measure(result.name, 1, ms)).p50;
            const echo = (await webinfer.measure(`echo-${result.name}`, 1, Math.min(ms, 300))).p50;
            const bare = median(times);
            const spaced = median(apart);
            result.bare.push(bare);
            result.spaced.push(spaced);
            result.through.push(through);
            result.echo.push(echo);
            result.over.push(through / (bare + echo));
            result.overSpaced.push(through / (spaced + echo));
        }
    return results.map(({ name, input_bytes, bare, spaced, through, echo, over, overSpaced }) => ({
        name, input_bytes, bare_ms: spread(bare), bare_spaced_ms: spread(spaced),
        webinfer_ms: spread(through), echo_ms: spread(echo),
        ratio_to_bare_plus_echo: spread(over),
        ratio_to_bare_spaced_plus_echo: spread(overSpaced),
    }));
}
