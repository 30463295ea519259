/**
 * Pulls from a neighbour without a limit: against curl of the CAR from it and a hash of that file behind each other, which
 * verifies the whole and no block; and beside a hub of 20 MB/s, against that hub alone.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { withDaemon } from '../../lib/daemon.mjs';
import { startHub } from '../../lib/hub.mjs';
import { cpuSeconds } from '../../lib/processes.mjs';
import { fetchTo } from './curl.mjs';
import { byTurns, FILE, least, MB, MIB, modelBytes, neighbour, publish, publisher, pull, pullAnew, pullsFrom, putModel } from './ground.mjs';

const HUB_RATE = 20 * MB;

function withFile(name, work) {
    const file = fs.openSync(name, 'r');
    const began = performance.now();
    work(file);
    fs.closeSync(file);
    return (performance.now() - began) / 1000;
}

const hashFile = (name) => withFile(name, (file) => {
    const hash = createHash('sha256'), piece = Buffer.alloc(256 * 1024);
    for (let size; (size = fs.readSync(file, piece)) > 0;) hash.update(piece.subarray(0, size));
    hash.digest();
});

/** Adds the CPU that the neighbour needs meanwhile. */
async function withServer(daemon, work) {
    const before = cpuSeconds(daemon.pid), found = await work();
    return { ...found, server: cpuSeconds(daemon.pid) - before };
}

/** curl, a hash, and what it takes to have the file on disk, as a pull has it in the end. */
async function byCurl(folder, url) {
    const file = path.join(folder, 'peer.car');
    const fetched = await fetchTo(file, url), synced = withFile(file, fs.fdatasyncSync), hashed = hashFile(file);
    fs.rmSync(file);
    return { fetched, hashed: fetched + hashed, synced: fetched + hashed + synced };
}

/** @param {{mib: number, rounds: number}} options */
export async function besideCurl({ mib, rounds }) {
    const daemon = publisher();
    putModel(daemon.store, 'bench/near', mib * MIB);
    await daemon.start({ ready: false });
    try {
        const { cid } = await publish(daemon, 'bench/near'), config = pullsFrom({ near: neighbour(daemon) });
        const { pull: pulls, curl } = await byTurns({
            pull: () => withServer(daemon, () => pullAnew(config, `ipfs://${cid}`)),
            curl: () => withServer(daemon, () => byCurl(daemon.folder, `${daemon.bridgeUrl}/ipfs/${cid}?format=car`)),
        }, rounds);
        const seconds = least(pulls, 'seconds');
        return { mib, pulls, curl, mibPerSecond: mib / seconds, ratio: least(curl, 'hashed') / seconds, synced: least(curl, 'synced') / seconds,
            fetched: least(curl, 'fetched') / seconds, cpuPerMib: least(pulls, 'cpu') / mib * 1000, serverPerMib: least(pulls, 'server') / mib * 1000,
            serverOfCurlPerMib: least(curl, 'server') / mib * 1000 };
    } finally {
        await daemon.stop();
    }
}

/** @param {{mib: number, rounds: number}} options */
export async function besideHub({ mib, rounds }) {
    const hub = await startHub(), model = 'bench/known';
    hub.push(model, { [FILE]: modelBytes(mib * MIB, model) });
    const toHub = (more) => pullsFrom({ slow: { url: hub.url }, ...more }, { models: { hub: 'slow' } });
    const ask = (config) => () => pullAnew(config, model);
    try {
        return await withDaemon({ ready: false, logToFile: true, config: { ...toHub(), content: { serve: 'published' } } }, async (daemon) => {
            await pull(daemon, model);
            await publish(daemon, model);
            hub.bytesPerSecond = HUB_RATE;
            const { both, alone } = await byTurns({ both: ask(toHub({ near: neighbour(daemon) })), alone: ask(toHub()) }, rounds);
            return { mib, both, alone, ratio: least(alone, 'seconds') / least(both, 'seconds'), mibPerSecond: mib / least(both, 'seconds') };
        });
    } finally {
        await hub.close();
    }
}
