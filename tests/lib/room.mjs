/**
 * Machines in a room: a network namespace for each, and a switch between them that leads nowhere else.
 *
 *     const room = await openRoom(['192.168.7.1', '192.168.7.2']);
 *     const [program, ...words] = room.command('192.168.7.2', 'bash');
 *     await room.close();                          // of what runs in it, everything has ended before
 */
import { spawn } from 'node:child_process';
import readline from 'node:readline';
import { within } from './wait.mjs';

const isRoot = process.getuid() === 0;

/** Prints a process of each machine, and ends with its input. A machine has its own loopback addresses, too. */
const SCRIPT = `
ip link add switch type bridge
ip link set switch up
machines=
trap 'kill $machines' EXIT
for address; do
    unshare --net sleep infinity &
    machines="$machines $!"
    until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
    ip link add "port$!" type veth peer name eth0 netns $!
    ip link set "port$!" master switch up
    nsenter --net=/proc/$!/ns/net sh -ec "ip link set lo up; ip link set eth0 up; ip address add $address/24 dev eth0"
    echo $!
done
cat`;

/** @param {string[]} addresses a machine for each, in one network of 256 addresses */
export async function openRoom(addresses) {
    const words = [...(isRoot ? [] : ['--user', '--map-root-user']), '--net', 'sh', '-ec', SCRIPT, 'sh', ...addresses];
    const child = spawn('unshare', words, { stdio: ['pipe', 'pipe', 'pipe'] });
    let problems = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (problems += text));
    const ended = new Promise((resolve) => child.on('close', resolve));
    /** By address. @type {Map<string, string>} */
    const machines = new Map();
    const known = new Promise((resolve) => readline.createInterface({ input: child.stdout }).on('line', (pid) => {
        machines.set(addresses[machines.size], pid);
        if (machines.size === addresses.length) resolve(undefined);
    }));
    await within(Promise.race([known, ended]), 10_000, 'the machines of the room');
    if (machines.size < addresses.length) throw new Error(`no room can be made here: ${problems.trim()}`);

    /** The words that run a command on a machine. @param {string} address @param {...string} words */
    const command = (address, ...words) => ['nsenter', ...(isRoot ? [] : ['--user', '--preserve-credentials']), '--net',
        '--target', machines.get(address), ...words];
    /** The process that keeps a machine's network while nothing runs on it. @param {string} address */
    const keeper = (address) => Number(machines.get(address));
    async function close() {
        child.stdin.end();
        await within(ended, 10_000, 'the end of the room');
    }
    return { command, keeper, close };
}
