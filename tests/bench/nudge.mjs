/**
 * ./dev bench nudge: WebGPU in Firefox with and without the nudge (page/src/engine/nudge.js), on the
 * same models in turn; all figures go to build/bench/nudge.json.
 */
import fs from 'node:fs';
import path from 'node:path';
import { commandLine, flag, roundsOf } from '../lib/command-line.mjs';
import { build, builtPage } from '../lib/paths.mjs';
import { openNode } from '../page/support/browser.mjs';
import { check, readCase } from '../page/support/cases.mjs';
import { findFirefox, launchFirefox } from '../page/support/firefox.mjs';
import { median, shown, spread, table } from './figures.mjs';

const NAMES = ['op_add', 'vision_mnist_ms_digit7', 'text_encoder_vespa_dummy',
    'audio_dtln_model1', 'text_gen_tiny_gpt2_prefill', 'cnn_squeezenet_randw'];
const { quick, rounds = quick ? 2 : 5 } = commandLine('./dev bench nudge',
    'WebGPU in Firefox with and without the nudge: a table, and build/bench/nudge.json.', {
        quick: flag('less of each'),
        rounds: roundsOf(5, 2),
    });
const PINNED = { platforms: ['webgpu'], fallback: false };

/** The median of some warm runs, in ms by the page's clock; a wrong answer ends the bench. */
async function run({ node, models }, name, times) {
    const found = readCase(name);
    models[name] ??= node.service.addModel(name, found.onnx);
    const list = [];
    for (let time = 0; time < times; time++) {
        const answer = await node.service.run(models[name], found.inputs, PINNED);
        check(found, answer);
        list.push(answer.data.performance.inference_ms);
    }
    return median(list);
}

async function measure() {
    const program = findFirefox();
    if (!program) throw new Error('the nudge is measured in Firefox: ./dev setup installs it');
    const firefox = await launchFirefox(program);
    const open = async (fragment) =>
        ({ node: await openNode(firefox, builtPage, { fragment }), models: {} });
    const [before, after] = [await open('&nudge=off'), await open('')];
    const rows = [];
    try {
        for (const name of quick ? NAMES.slice(0, 3) : NAMES) {
            const row = { name, before: [], after: [] };
            for (const one of [before, after]) await run(one, name, 2); // loads and compiles
            for (let round = 0; round < rounds; round++) {
                row.before.push(await run(before, name, 5));
                row.after.push(await run(after, name, 5));
            }
            rows.push(row);
            process.stderr.write('.');
        }
    } finally {
        for (const one of [before, after]) await one.node.close();
        await firefox.close();
    }
    return rows.map(({ name, before: slow, after: quickened }) => ({ name,
        before_ms: spread(slow), after_ms: spread(quickened),
        faster: spread(slow.map((ms, round) => ms / quickened[round])) }));
}

const rows = await measure();
process.stdout.write(table("Firefox's WebGPU, ms: without and with the nudge",
    ['model', 'before', 'after', 'times faster'], rows.map((row) =>
        [row.name, shown(row.before_ms), shown(row.after_ms), row.faster.median])));
fs.mkdirSync(path.join(build, 'bench'), { recursive: true });
fs.writeFileSync(path.join(build, 'bench/nudge.json'), JSON.stringify(rows, null, 2));
process.exit(0);
