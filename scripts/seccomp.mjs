/**
 * Prints examples/container/seccomp.json: the profile that Debian's package golang-github-containers-common has for
 * containers, for a container without capabilities, and with what the sandboxes of browsers and their networks need: user
 * namespaces, and chroot in them. What mounts file systems is left out. The result has neither conditions nor Docker's
 * `archMap`, which Kubernetes ignores.
 *
 *     node scripts/seccomp.mjs [--without-namespaces] [FILE]
 *
 * With --without-namespaces nobody can make a user namespace, as under Docker's own profile; this is for tests. FILE is the
 * package's profile, by default where the package installs it.
 */
import fs from 'node:fs';

const withoutNamespaces = process.argv[2] === '--without-namespaces';
const file = process.argv[withoutNamespaces ? 3 : 2] ?? '/usr/share/containers/seccomp.json';
const source = JSON.parse(fs.readFileSync(file, 'utf8'));

const ARCHITECTURES = ['X86_64', 'X86', 'X32', 'AARCH64', 'ARM'].map((name) => `SCMP_ARCH_${name}`);
/** As the package's conditions name them. */
const CONDITIONS = ['amd64', 'x86', 'x32', 'arm64', 'arm'];
/** Calls that no browser and no helper of ours makes. */
const UNUSED = ['fsconfig', 'fsmount', 'fsopen', 'fspick', 'mount', 'mount_setattr', 'move_mount', 'open_tree', 'pivot_root',
    'umount', 'umount2'];
/** The flags of clone(2) that make a namespace. */
const CLONE_NAMESPACES = 0x7e020000;

/** Whether the rule applies to a process without capabilities on one of the architectures. */
const applies = ({ includes = {}, excludes = {} }) => !includes.caps
    && (includes.arches ?? CONDITIONS).some((name) => CONDITIONS.includes(name))
    && !(excludes.arches ?? []).some((name) => CONDITIONS.includes(name));
const isRefusal = ({ action, args = [] }) => action === 'SCMP_ACT_ERRNO' && args.length === 0;

const rules = source.syscalls.filter(applies);
const refused = new Set([...UNUSED, ...rules.filter(isRefusal).flatMap(({ names }) => names)]);
if (withoutNamespaces) refused.add('unshare').add('clone3');
else refused.delete('chroot');

/** What is left of a rule that allows something, or refuses it for some arguments. */
function ruleOf({ names, action, args = [], errnoRet }) {
    const left = names.filter((name) => !refused.has(name) && !(withoutNamespaces && name === 'clone'));
    return { names: left, action, ...args.length > 0 && { args }, ...errnoRet !== undefined && { errnoRet } };
}

const ours = withoutNamespaces
    ? { names: ['clone'], action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value: CLONE_NAMESPACES, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }] }
    : { names: ['chroot'], action: 'SCMP_ACT_ALLOW' };
const kept = rules.filter((rule) => !isRefusal(rule)).map(ruleOf).filter(({ names }) => names.length > 0);
// clone3 gets the default, "there is no such call": its flags are out of sight, and glibc then uses clone.
const refusal = { names: [...refused].filter((name) => name !== 'clone3').sort(), action: 'SCMP_ACT_ERRNO', errnoRet: 1 };

process.stdout.write(`${JSON.stringify({
    comment: 'Made by scripts/seccomp.mjs from seccomp.json of github.com/containers/common, which is Copyright 2018 '
        + 'github.com/containers/common authors and licensed under the Apache License, Version 2.0.',
    defaultAction: source.defaultAction,
    defaultErrnoRet: source.defaultErrnoRet,
    architectures: ARCHITECTURES,
    syscalls: [ours, refusal, ...new Map(kept.map((rule) => [JSON.stringify(rule), rule])).values()],
}, null, 4)}\n`);
