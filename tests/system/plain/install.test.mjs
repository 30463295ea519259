// tier: full
// quick: README's commands make a service of what make install leaves, which infers the sample
/**
 * What `make install` leaves becomes a running service by README's commands: run below a temporary
 * folder, which every user can reach as this tree perhaps cannot be, with a user of its own where
 * the test is root, as the unit would run it.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clear, guard } from '../../lib/cleanup.mjs';
import { webinfer } from '../../lib/cli.mjs';
import { patience } from '../../lib/daemon.mjs';
import { request } from '../../lib/http.mjs';
import { build, root } from '../../lib/paths.mjs';
import * as processes from '../../lib/processes.mjs';
import { test } from '../../lib/tier.mjs';
import { until } from '../../lib/wait.mjs';

const isRoot = process.geteuid() === 0;

/** The commands of README's section "Installing", without sudo and comments. */
function readmeCommands() {
    const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
    const section = readme.split(/^## /m).find((one) => one.startsWith('Installing'));
    return section.split('\n').filter((line) => line.startsWith('    '))
        .map((line) => line.trim().replace(/\s+#.*/, '').replace(/^sudo /, '').split(/\s+/));
}
const commands = readmeCommands();
const command = (...words) => commands.find((one) => words.every((word, i) => one[i] === word)) ??
    assert.fail(`README does not say ${words.join(' ')}`);

/** Everything below a folder instead of /, for that is what DESTDIR and --root are for. */
class Installation {
    folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-installed-')));
    runtime = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-run-')));
    user = { uid: process.geteuid(), gid: process.getegid() };
    log = '';
    /** What helpers of the tests take for a daemon's temporary folder. */
    temporary = this.runtime;

    at(where) { return path.join(this.folder, where); }

    install() {
        fs.chmodSync(this.folder, 0o755);
        execFileSync('make', ['-s', '-C', build, 'install', `DESTDIR=${this.folder}`],
            { stdio: 'pipe', env: { PATH: process.env.PATH, HOME: this.folder } });
        this.prefix = /^prefix = (.*)$/m.exec(
            fs.readFileSync(path.join(build, 'Makefile'), 'utf8'))[1];
        this.unit = fs.readFileSync(
            this.at(`${this.prefix}/lib/systemd/system/webinferd.service`), 'utf8');
    }

    /** A line of the unit. */
    says(key) { return new RegExp(`^${key}=(.*)$`, 'm').exec(this.unit)?.[1]; }

    /** One of README's commands, which reads what was installed and changes what is below it. */
    run([program, ...words]) {
        execFileSync(program, [`--root=${this.folder}`, ...words], { stdio: 'pipe' });
    }

    /** The service's user and its folders, as root may make them. */
    makeUser() {
        fs.mkdirSync(this.at('etc'), { recursive: true });
        for (const one of ['passwd', 'group']) // so that no number is given twice
            fs.copyFileSync(`/etc/${one}`, this.at(`etc/${one}`));
        this.run(command('systemd-sysusers'));
        const line = fs.readFileSync(this.at('etc/passwd'), 'utf8').split('\n')
            .find((one) => one.startsWith(`${this.says('User')}:`));
        const [, , uid, gid, , home] = line.split(':');
        this.user = { uid: Number(uid), gid: Number(gid) };
        assert.equal(home, '/var/lib/webinfer');
        const groups = fs.readFileSync(this.at('etc/group'), 'utf8').split('\n').map((one) => one.split(':'));
        for (const owner of ['render', 'video']) { // of GPU devices
            const [, , , members = ''] = groups.find(([name]) => name === owner) ?? [];
            assert.ok(members.split(',').includes(this.says('User')), `${owner}: ${members}`);
        }
        this.run(command('systemd-tmpfiles', '--create'));
    }

    /** What follows for somebody who is not root: the same folders, made by hand. */
    makeFolders() {
        fs.cpSync(this.at(`${this.prefix}/share/webinfer/models`),
            this.at('var/lib/webinfer/models'), { recursive: true });
    }

    get configFile() { return this.at(this.says('ExecStart').split(' ')[2]); }

    /** Another port than the usual, which may be in use; and what a test is about. */
    configure(changes) {
        let text = fs.readFileSync(this.configFile, 'utf8');
        for (const [line, value] of Object.entries(changes)) {
            assert.ok(text.includes(`\n#${line}`), `no line ${line} in the installed file`);
            text = text.replace(`\n#${line}`, `\n${value}`);
        }
        fs.writeFileSync(this.configFile, text);
    }

    /** The installed client, as whoever runs the test. */
    client(words, env) {
        return webinfer(this, words, { env, program: this.at(`${this.prefix}/bin/webinfer`) });
    }

    /** A token in a file beside the configuration; gives the token. */
    async addToken() {
        const folder = path.dirname(this.configFile), file = path.join(folder, 'tokens');
        // The service's user is none of this machine's, which its folder says in the name's place.
        if (isRoot) fs.chownSync(folder, this.user.uid, this.user.gid);
        const { code, out, problems } = await this.client(['token', 'new', 'ada', '--file', file]);
        assert.equal(code, 0, problems);
        this.configure({ 'tokens_file =': `tokens_file = ${file}` });
        return out.trim();
    }

    /** A command of the unit, as it says: program, user, folders, environment, mask. */
    #spawn(key) {
        const [program, ...words] = this.says(key).split(' ');
        const [, home] = /^HOME=(.*)$/.exec(this.says('Environment'));
        const { uid, gid } = this.user;
        const drop = isRoot ? ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups',
            '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'] : [];
        assert.deepEqual(words.splice(0, 2), ['--config', this.says('ExecStart').split(' ')[2]]);
        return spawn('/bin/sh', ['-c', `umask ${this.says('UMask')}; exec "$@"`, 'sh', ...drop,
            this.at(program), '--config', this.configFile, ...words], {
            stdio: ['ignore', 'pipe', 'pipe'],
            env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: this.at(home),
                STATE_DIRECTORY: this.at(`/var/lib/${this.says('StateDirectory')}`),
                RUNTIME_DIRECTORY: this.runtime },
        });
    }

    /** What systemctl reload runs: its status, and what it says. */
    reload() {
        const child = this.#spawn('ExecReload');
        let said = '';
        child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
        return new Promise((resolve) => child.on('close', (code) => resolve({ code, said })));
    }

    start() {
        fs.chownSync(this.runtime, this.user.uid, this.user.gid);
        this.child = this.#spawn('ExecStart');
        for (const stream of [this.child.stdout, this.child.stderr])
            stream.setEncoding('utf8').on('data', (text) => (this.log += text));
        this.end = new Promise((resolve) => this.child.on('close',
            (code) => resolve(this.code = code)));
        return this.#ready();
    }

    async #ready() {
        const url = () => this.log.match(/api: listening on (\S+?),? /)?.[1];
        await until(async () => this.code !== undefined ||
            (url() && (await request(`${url()}/readyz`)).status === 200),
        { what: 'the service to be ready', timeout: 60_000 * patience });
        assert.equal(this.code, undefined, 'it ended');
        this.url = url();
    }

    async stop() {
        this.child.kill('SIGTERM');
        await until(() => this.code !== undefined, { what: 'its end', timeout: 30_000 * patience });
        assert.equal(this.code, 0, this.log);
        await until(() => processes.mentioning(this.runtime).length === 0,
            { what: 'no process left' });
        assert.deepEqual(fs.readdirSync(this.runtime), []);
    }

    async abandon() {
        if (this.child && this.code === undefined) {
            this.child.kill('SIGKILL');
            await this.end;
        }
        clear(this.folder);
        clear(this.runtime);
    }
}

test('README\'s commands make a service of what make install leaves, which infers the sample',
    { timeout: 180_000 * patience }, async (context) => {
        const here = new Installation();
        try {
            here.install();
            if (isRoot) {
                here.makeUser();
            } else {
                context.diagnostic('not root: the service runs as the user of the test');
                here.makeFolders();
            }
            assert.ok(fs.statSync(here.at(`${here.prefix}/share/webinfer/lab.html`)).isFile(), 'the client makes reports of it');
            for (const words of [['systemctl', 'daemon-reload'],
                ['systemctl', 'enable', '--now', 'webinferd']]) command(...words);
            here.configure({ 'listen = 127.0.0.1:8470': 'listen = 127.0.0.1:0',
                'listen = 127.0.0.1:8471': 'listen = 127.0.0.1:0' });
            const token = await here.addToken();
            await here.start();
            // Not as root, so the browsers' sandboxes are on.
            const owner = fs.statSync(`/proc/${here.child.pid}`).uid;
            assert.equal(owner, here.user.uid);
            assert.ok(!isRoot || owner !== 0);
            const { json } = await request(`${here.url}/v1/status`,
                { headers: { Authorization: `Bearer ${token}` } });
            const console = await request(`${here.url}/`, { headers: { Accept: 'text/html' } });
            const [script] = console.text.match(/console\/[\w-]+\.js/) ?? assert.fail(console.text);
            assert.equal((await request(`${here.url}/${script}`)).status, 200);
            const sandbox = JSON.stringify(json.warnings).includes('sandbox');
            assert.equal(sandbox, owner === 0, 'only root has to do without');
            const [, ...words] = command('webinfer', 'infer', 'digits', '--image');
            const { code, out, problems } = await here.client(
                words.map((word) => word.startsWith('/') ? here.at(word) : word),
                { WEBINFER_TOKEN: token });
            assert.equal(code, 0, problems);
            assert.match(out, /^7 +9\d\.\d+ %/m);
            assert.deepEqual(await here.reload(), { code: 0, said: '' });
            here.configure({ 'max_body = 64M': 'max_body = 32M' });
            const refused = await here.reload();
            assert.equal(refused.code, 78, 'systemctl reload would say that all went well');
            assert.match(refused.said, /not reloaded, nothing changes:\n[^\n]*max_body has changed/);
            await here.stop();
        } catch (error) {
            error.message += `\n${here.log}`;
            throw error;
        } finally {
            await here.abandon();
        }
    });

const hasGit = fs.existsSync(path.join(root, '.git'));
test('a tarball has every file of the tree', { skip: !hasGit && 'this is no checkout' }, () => {
    const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-tarball-')));
    execFileSync('make', ['-s', '-C', build, 'distdir', `distdir=${folder}/tree`],
        { stdio: 'pipe', env: { PATH: process.env.PATH, HOME: folder } });
    const files = execFileSync('git', ['-C', root, 'ls-files', '-z'], { encoding: 'utf8' }).split('\0')
        .filter((file) => file && file !== '.gitignore');
    assert.deepEqual(files.filter((file) => !fs.existsSync(path.join(folder, 'tree', file))), []);
    clear(folder);
});
