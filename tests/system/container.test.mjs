// tier: quick
/**
 * The Containerfile, the start of the container and the examples, without an image: they follow the schemas of Compose and
 * Kubernetes, and have the port, the user and the paths of the packages. tests/builds/container.test.mjs runs the image.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import Ajv from 'ajv';
import YAML from 'yaml';
import { clear, guard } from '../lib/cleanup.mjs';
import { cliPath, daemonPath, root } from '../lib/paths.mjs';

const modules = process.env.WEBINFER_NODE_MODULES ?? '';
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const containerfile = read('Containerfile');
const compose = YAML.parse(read('examples/container/compose.yaml'));
const kubernetes = Object.fromEntries(YAML.parseAllDocuments(read('examples/container/kubernetes.yaml'))
    .map((document) => document.toJS()).map((one) => [one.kind, one]));
const pod = kubernetes.Deployment.spec.template.spec;
const [container] = pod.containers;

const USER = 8470, STATE = '/var/lib/webinfer';
/** The port and the time that the daemon has by default. */
const sample = read('conf/webinferd.conf');
const port = Number(/^#listen = 127\.0\.0\.1:(\d+)$/m.exec(sample)?.[1]);
const shutdownSeconds = Number(/^#shutdown_timeout = (\d+)s$/m.exec(sample)?.[1]);

test('compose.yaml follows the schema of Compose', () => {
    const { $schema, ...schema } = JSON.parse(fs.readFileSync(path.join(modules, 'dclint/schemas/compose.schema.json'), 'utf8'));
    const ajv = new Ajv({ strict: false, allErrors: true });
    assert.ok(ajv.validate(schema, compose), ajv.errorsText());
});

/** The value as its reader sees it. Of each object in it, `unread` has the members that nobody has read yet. */
function watched(value, place, unread) {
    if (typeof value !== 'object' || value === null) return value;
    const inner = Object.fromEntries(Object.entries(value).map(([name, one]) => {
        unread.add(`${place}.${name}`);
        return [name, watched(one, `${place}.${name}`, unread)];
    }));
    return new Proxy(value, { get: (target, name) => {
        unread.delete(`${place}.${String(name)}`);
        return Object.hasOwn(inner, name) ? inner[name] : target[name];
    } });
}

/** Kubernetes' own types allow unknown members. A member is unknown if the check of its type does not look at it. */
test('kubernetes.yaml follows the schemas of Kubernetes', async () => {
    const schemas = { PersistentVolumeClaim: 'CoreV1', Service: 'CoreV1', Deployment: 'AppsV1' };
    assert.deepEqual(Object.keys(kubernetes), Object.keys(schemas));
    for (const [kind, group] of Object.entries(schemas)) {
        const { default: { validate } } = await import(pathToFileURL(
            path.join(modules, `kubernetes-models/_schemas/IoK8sApi${group}${kind}.js`)).href);
        const unread = new Set();
        assert.ok(validate(watched(kubernetes[kind], kind, unread)), JSON.stringify(validate.errors, null, 1));
        assert.deepEqual([...unread], []);
    }
});

test('all have the same port, user, folder and time to end', () => {
    for (const line of [`EXPOSE ${port}`, `USER ${USER}:${USER}`, `VOLUME ${STATE}`, 'STOPSIGNAL SIGTERM'])
        assert.match(containerfile, new RegExp(`^${line}$`, 'm'));
    assert.match(containerfile, new RegExp(`--gid ${USER} webinfer[^]*--uid ${USER} --gid webinfer --home-dir ${STATE}`));
    assert.match(containerfile, new RegExp(`http://127\\.0\\.0\\.1:${port}/readyz`));
    const { webinfer } = compose.services;
    assert.deepEqual(webinfer.ports, [`127.0.0.1:${port}:${port}`]);
    assert.deepEqual(webinfer.volumes, [`state:${STATE}`]);
    assert.ok(parseInt(webinfer.stop_grace_period, 10) > shutdownSeconds);
    assert.equal(container.ports[0].containerPort, port);
    assert.equal(kubernetes.Service.spec.ports[0].port, port);
    assert.deepEqual([pod.securityContext.runAsUser, pod.securityContext.runAsGroup, pod.securityContext.fsGroup], [USER, USER, USER]);
    assert.equal(container.volumeMounts.find(({ name }) => name === 'state').mountPath, STATE);
    assert.ok(pod.terminationGracePeriodSeconds > shutdownSeconds);
});

test('the examples take every right away that the image does not need', () => {
    const { webinfer } = compose.services;
    const [command] = /docker run --detach [^]*?\n {8}localhost\/webinfer\n/.exec(read('docs/container.md'));
    for (const option of ['--init', `--publish 127.0.0.1:${port}:${port}`, `--volume webinfer:${STATE}`, '--read-only', '--tmpfs /tmp',
        '--cap-drop all', '--security-opt no-new-privileges', '--security-opt seccomp=examples/container/seccomp.json'])
        assert.ok(command.includes(` ${option} `), option);
    assert.equal(webinfer.read_only, true);
    assert.deepEqual(webinfer.cap_drop, ['ALL']);
    assert.deepEqual(webinfer.security_opt, ['no-new-privileges:true', 'seccomp:seccomp.json']);
    assert.deepEqual(container.securityContext,
        { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    assert.equal(pod.securityContext.runAsNonRoot, true);
    assert.equal(pod.securityContext.seccompProfile.type, 'Localhost');
    assert.equal(pod.automountServiceAccountToken, false);
});

test('the image has the version and the paths of the packages', () => {
    const [, version] = /^AC_INIT\(\[webinfer\], \[(.*)\]\)/m.exec(read('configure.ac'));
    assert.match(containerfile, new RegExp(`^ARG VERSION=${version}$`, 'm'));
    assert.match(read('debian/rules'), /--libexecdir=\/usr\/libexec /);
    const installed = read('debian/webinfer.install').split('\n').map((line) => `/${line}`);
    for (const folder of ['/usr/libexec/webinfer', '/etc/webinfer']) {
        assert.ok(installed.includes(folder));
        assert.match(containerfile, new RegExp(` ${folder}/`));
    }
    assert.ok(installed.includes('/usr/share/webinfer/models/digits'));
    assert.match(read('container/start'), /\/usr\/share\/webinfer\/models /);
    assert.match(read('systemd/webinfer.tmpfiles.conf.in'), new RegExp(`^d ${STATE}/models `, 'm'));
    for (const [, file] of containerfile.matchAll(/^COPY (?:--\S+ )*(\S+) /gm))
        assert.ok(fs.existsSync(path.join(root, file)), file);
});

test('seccomp.json allows user namespaces, and works without Docker\'s conditions', () => {
    const { architectures, defaultAction, syscalls } = JSON.parse(read('examples/container/seccomp.json'));
    assert.equal(defaultAction, 'SCMP_ACT_ERRNO');
    assert.ok(architectures.includes('SCMP_ARCH_X86_64') && architectures.includes('SCMP_ARCH_AARCH64'));
    assert.deepEqual(syscalls.filter(({ includes, excludes }) => includes || excludes), []);
    const always = syscalls.filter(({ args }) => !args);
    const actionOf = (call) => always.filter(({ names }) => names.includes(call)).map(({ action }) => action);
    for (const call of ['chroot', 'clone', 'clone3', 'unshare']) assert.deepEqual(actionOf(call), ['SCMP_ACT_ALLOW'], call);
    for (const call of ['bpf', 'mount', 'pivot_root', 'setns']) assert.deepEqual(actionOf(call), ['SCMP_ACT_ERRNO'], call);
    const names = always.flatMap((rule) => rule.names);
    assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), []);
});

/** Runs container/start over a state of its own, in which models are already; webinferd only says how it was called. */
function stateOf(context) {
    const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-container-')));
    context.after(() => clear(folder));
    const state = path.join(folder, 'state'), programs = path.join(folder, 'bin');
    fs.mkdirSync(path.join(state, 'models'), { recursive: true });
    fs.mkdirSync(programs);
    fs.symlinkSync(cliPath, path.join(programs, 'webinfer'));
    fs.writeFileSync(path.join(programs, 'webinferd'), '#!/bin/sh\necho "webinferd $*"\n', { mode: 0o755 });
    const env = { STATE_DIRECTORY: state, PATH: `${programs}:${process.env.PATH}` };
    return { state, start: (...words) => spawnSync(path.join(root, 'container/start'), words, { env, encoding: 'utf8' }) };
}

test('the first start makes a token, which only its file has, and the next one keeps it', (context) => {
    const { state, start } = stateOf(context);
    const file = (name) => path.join(state, name);
    const first = start('--set', 'a.b=c');
    assert.equal(first.status, 0, first.stderr);
    assert.equal(first.stdout, 'webinferd --set a.b=c\n');
    const token = fs.readFileSync(file('admin.token'), 'utf8').trim(), lines = fs.readFileSync(file('tokens'), 'utf8');
    assert.match(lines, /^admin:[0-9a-f]{64}:admin\n$/);
    assert.ok(!(first.stderr + first.stdout).includes(token));
    fs.chmodSync(file('tokens'), 0o660); // as an orchestrator does with a volume
    fs.rmSync(file('admin.token'));
    assert.equal(start().status, 0);
    assert.equal(fs.readFileSync(file('tokens'), 'utf8'), lines);
    assert.ok(!fs.existsSync(file('admin.token')));
    assert.equal(fs.statSync(file('tokens')).mode & 0o777, 0o600);
    assert.deepEqual(fs.readdirSync(state).sort(), ['models', 'tokens']);
    assert.deepEqual(fs.readdirSync(file('models')), [], 'a folder of somebody\'s models gets no other');
});

test('a start that was killed in the middle is repeated', (context) => {
    const { state, start } = stateOf(context);
    fs.writeFileSync(path.join(state, 'tokens.new'), `admin:${'0'.repeat(64)}:admin\n`, { mode: 0o600 });
    assert.equal(start().status, 0);
    assert.doesNotMatch(fs.readFileSync(path.join(state, 'tokens'), 'utf8'), /:0{64}:/);
});

test('a command runs in place of the daemon', (context) => {
    const { state, start } = stateOf(context);
    assert.match(start('webinfer', 'token', 'new', 'ada').stdout, /\nada:[0-9a-f]{64}:user\n$/);
    assert.deepEqual(fs.readdirSync(state), ['models']);
});

test('the image\'s configuration is valid', (context) => {
    const { state, start } = stateOf(context);
    start();
    const said = execFileSync(daemonPath, ['--config', path.join(root, 'container/webinferd.conf'), '--print-config'],
        { env: { PATH: process.env.PATH, HOME: state, STATE_DIRECTORY: state }, encoding: 'utf8' });
    assert.match(said, new RegExp(`listen = 0\\.0\\.0\\.0:${port}\\b`));
    assert.ok(said.includes(`${state}/tokens`), said);
});
