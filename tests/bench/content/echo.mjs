/** Echo's p50 while a neighbour pulls as fast as a line of 1 Gbit/s lets it, from the daemon that is asked and on this machine. */
import { Daemon } from '../../lib/daemon.mjs';
import { Simulation } from '../../lib/simulation.mjs';
import { until } from '../../lib/wait.mjs';
import { median } from '../figures.mjs';
import * as programs from '../programs.mjs';
import { MB, MIB, neighbour, publish, pull, pullsFrom, putModel, quiet } from './ground.mjs';

const RATE = 125 * MB;
const echo = { model_name: 'builtin/echo', platform: 'simulated', inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [1, 2] }] };

/** A load beside a pull, which is to last longer: whether it did. */
async function besidePull(daemon, model, load) {
    const puller = new Daemon({ logToFile: true, config: pullsFrom({ near: neighbour(daemon) }, { content: { download_limit: RATE } }) });
    await puller.start({ ready: false });
    const before = await daemon.metric('webinfer_content_bytes_total');
    let pulling = true;
    const pulled = pull(puller, model).finally(() => (pulling = false));
    pulled.catch(() => {}); // it is awaited below
    await until(async () => await daemon.metric('webinfer_content_bytes_total') > before + MIB, { what: 'the pull to have begun' });
    const { p50_ms: ms } = await load(), lasted = pulling;
    const { seconds } = await pulled;
    await puller.stop();
    return { ms, lasted, seconds };
}

/** @param {{mib: number, rounds: number, requests: number}} options */
export async function measureEcho({ mib, rounds, requests }) {
    const { client } = programs.compile(), name = 'bench/echo';
    const daemon = new Daemon({ logToFile: true, config: { ...quiet, content: { serve: 'published' } } });
    putModel(daemon.store, name, mib * MIB);
    await daemon.start({ ready: false });
    try {
        const simulation = await new Simulation(daemon, { nodes: 10 }).up(), { cid } = await publish(daemon, name);
        const { port } = new URL(daemon.url), body = Buffer.from(JSON.stringify(echo));
        const file = programs.requestFile('content-echo', `127.0.0.1:${port}`, { 'Content-Type': 'application/json' }, body);
        const load = () => programs.load(client, { port: Number(port), file, clients: 4, ms: 1, requests });
        const without = [], beside = [];
        await load();
        for (let round = 0; round < rounds; round++) {
            without.push((await load()).p50_ms);
            beside.push(await besidePull(daemon, `ipfs://${cid}`, load));
            process.stderr.write('.');
        }
        await simulation.stop();
        const p50 = { without: median(without), beside: median(beside.map(({ ms }) => ms)) };
        return { mib, rate: RATE / MB, without, beside, p50, ratio: p50.beside / p50.without, lasted: beside.every(({ lasted }) => lasted) };
    } finally {
        await daemon.stop();
    }
}
