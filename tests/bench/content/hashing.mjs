/**
 * The CID and SHA-256 of a file, as publishing computes them together, against its SHA-256 alone, as the daemon computes that
 * when it sees a file for the first time: CPU of the same process for the same bytes.
 */
import { withDaemon } from '../../lib/daemon.mjs';
import { cpuSeconds } from '../../lib/processes.mjs';
import { byTurns, least, MIB, publish, putModel, quiet } from './ground.mjs';

/** What a step costs the daemon: CPU seconds and seconds. */
async function stepOf(daemon, work) {
    const before = cpuSeconds(daemon.pid), began = performance.now();
    await work();
    return { cpu: cpuSeconds(daemon.pid) - before, seconds: (performance.now() - began) / 1000 };
}

/** @param {{mib: number, rounds: number}} options */
export function measureHashing({ mib, rounds }) {
    return withDaemon({ ready: false, logToFile: true, config: quiet }, async (daemon) => {
        let count = 0;
        const { files } = await byTurns({ files: async () => {
            const name = `bench/hash-${count++}`;
            putModel(daemon.store, name, mib * MIB);
            const alone = await stepOf(daemon, async () => {
                const { status, json, text } = await daemon.get(`/v1/models/${name}`);
                if (status !== 200 || !json.hash) throw new Error(`${status} ${text}`);
            });
            const together = await stepOf(daemon, () => publish(daemon, name));
            return { alone, together };
        } }, rounds);
        const of = (way, key) => least(files.map((one) => one[way]), key);
        return { mib, files, ratio: of('together', 'cpu') / of('alone', 'cpu'), ratioOfSeconds: of('together', 'seconds') / of('alone', 'seconds'),
            cpuPerMib: { alone: of('alone', 'cpu') / mib * 1000, together: of('together', 'cpu') / mib * 1000 } };
    });
}
