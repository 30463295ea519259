#!/usr/bin/env node
/**
 * In a driver's place: tries to get out of its network, and writes what it found.
 *
 *   wanderer.mjs FILE PORT ADDRESS… [what a driver is given]
 */
import dns from 'node:dns/promises';
import fs from 'node:fs';
import net from 'node:net';

const [file, port, ...rest] = process.argv.slice(2);
const addresses = rest.filter((one) => !one.startsWith('--'));

const reaches = (host) => new Promise((resolve) => {
    const socket = net.connect({ host: host.replace(/[[\]]/g, ''), port: Number(port), timeout: 1000 });
    for (const [event, answer] of [['connect', true], ['error', false], ['timeout', false]])
        socket.on(event, () => {
            socket.destroy();
            resolve(answer);
        });
});
const resolves = (name) => dns.lookup(name).then(() => true, () => false);

const reached = [], resolved = [];
for (const one of addresses) if (await reaches(one)) reached.push(one);
for (const name of ['example.org', 'deb.debian.org']) if (await resolves(name)) resolved.push(name);
// The kernel's view: an interface that is down has no addresses.
const interfaces = fs.readFileSync('/proc/net/dev', 'utf8').split('\n').slice(2).filter(Boolean)
    .map((line) => line.split(':')[0].trim());
fs.writeFileSync(`${file}.new`, JSON.stringify({ reached, resolved, interfaces }));
fs.renameSync(`${file}.new`, file);
