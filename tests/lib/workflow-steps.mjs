/** The `run` steps of a workflow of GitHub Actions, run as GitHub's runner does. */
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { Session } from './tutorial.mjs';

export class WorkflowJob {
    /**
     * In a network of its own, as a tutorial is run.
     * @param {string} content of the workflow @param {string} name of its job
     */
    constructor(content, name) {
        const { env, jobs } = parse(content);
        this.steps = jobs[name].steps;
        this.session = new Session({ installed: true, env });
        [this.workspace, this.summary, this.noted] = ['work', 'summary', 'noted'].map((one) => path.join(this.session.home, one));
        fs.mkdirSync(this.workspace);
    }

    /** A program that only notes its name and arguments, and succeeds. @param {string} place in the home directory */
    standIn(place) {
        const file = path.join(this.session.home, place);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, '#!/bin/sh\necho "${0##*/} $*" >>"$NOTED"\n', { mode: 0o755 });
    }

    /** Runs a step; its status, what it printed, and what it wrote for the summary of the job. @param {string} name */
    async step(name, timeout) {
        const { run } = this.steps.find((one) => one.name === name), script = path.join(this.session.folder, 'step.sh');
        fs.writeFileSync(script, run);
        fs.writeFileSync(this.summary, '');
        const words = `PATH=${this.session.home}/bin:$PATH NOTED=${this.noted} GITHUB_STEP_SUMMARY=${this.summary}`;
        const { status, seen } = await this.session.run(
            `(cd ${this.workspace} && ${words} bash --noprofile --norc -eo pipefail ${script})`, timeout);
        return { status, seen, summary: fs.readFileSync(this.summary, 'utf8') };
    }

    /** Runs a step in a repository that is no clone of webinfer. @param {string} name */
    async stepWithoutSource(name, timeout) {
        const source = path.join(this.workspace, 'webinfer'), away = `${source}-away`;
        fs.renameSync(source, away);
        const said = await this.step(name, timeout);
        fs.renameSync(away, source);
        return said;
    }

    /** The programs that were stood in for, and their arguments, a line each. */
    notes() { return fs.readFileSync(this.noted, 'utf8'); }
}
