/** Debian's nginx before a daemon, as the guide says, in a folder of its own and as whoever runs the tests. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { freePort } from './browsers.mjs';
import { certificate } from './certificate.mjs';
import { clear, guard } from './cleanup.mjs';
import { build, findProgram, root } from './paths.mjs';
import { until } from './wait.mjs';

/** `./dev test` unpacks it there. */
const program = [path.join(build, 'tools/bin/nginx')].find((file) => fs.existsSync(file)) ?? findProgram('nginx');

/** What the guide has for nginx, but for where the daemon is. @param {string} url the daemon's */
function shown(url) {
    const [, text] = fs.readFileSync(path.join(root, 'docs/guide.md'), 'utf8').match(/^```nginx\n([^]*?)^```$/m) ?? [];
    if (!text) throw new Error('docs/guide.md has no lines for nginx');
    return text.replaceAll('http://127.0.0.1:8470', url);
}

export class Nginx {
    log = '';

    /** @param {string} url the daemon's @param {string} name by which clients ask */
    constructor(url, name) {
        if (!program) throw new Error('nginx is not there: run ./dev setup');
        Object.assign(this, { to: url, name, folder: guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-nginx-'))) });
    }

    /** The lines of the guide, in a server that has what the guide takes for granted. */
    #config() {
        const { tls_certificate: file, tls_key: key } = certificate(this.folder, `DNS:${this.name}`);
        this.certificate = fs.readFileSync(file);
        const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
            .map((one) => `    ${one}_temp_path ${path.join(this.folder, one)};\n`).join('');
        return `user ${os.userInfo().username};
daemon off;
worker_processes 1;
pid ${path.join(this.folder, 'pid')};
error_log stderr;
events { worker_connections 64; }
http {
    access_log off;
${places}    server {
        listen 127.0.0.1:${this.port} ssl;
        server_name ${this.name};
        ssl_certificate ${file};
        ssl_certificate_key ${key};
${shown(this.to)}    }
}
`;
    }

    async start() {
        this.port = await freePort();
        this.url = `https://${this.name}:${this.port}`;
        const file = path.join(this.folder, 'nginx.conf');
        fs.writeFileSync(file, this.#config());
        fs.chmodSync(this.folder, 0o755);
        this.child = spawn(program, ['-e', 'stderr', '-p', this.folder, '-c', file], { stdio: ['ignore', 'pipe', 'pipe'] });
        for (const stream of [this.child.stdout, this.child.stderr]) stream.setEncoding('utf8').on('data', (text) => (this.log += text));
        this.ended = new Promise((resolve) => this.child.on('close', resolve));
        await until(() => this.child.exitCode !== null || fs.existsSync(path.join(this.folder, 'pid')), { what: 'nginx to listen' });
        if (this.child.exitCode !== null) throw new Error(`nginx ended: ${this.log}`);
        return this;
    }

    /** For clients that find it by its name, from another address than the daemon's proxy has. */
    get agent() {
        return new https.Agent({ ca: this.certificate, servername: this.name, localAddress: '127.0.0.2', maxCachedSessions: 0,
            lookup: (_, { all }, done) => (all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)) });
    }

    async stop() {
        this.child?.kill('SIGTERM');
        await this.ended;
        clear(this.folder);
    }
}
