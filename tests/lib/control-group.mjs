/** A control group of the test's own (version 1 of the kernel's): what is started in it gets so much memory, or time, and no more. */
import fs from 'node:fs';
import path from 'node:path';
import { until } from './wait.mjs';

const ROOT = '/sys/fs/cgroup';
let made = 0;

export class ControlGroup {
    /** @param {Record<string, Record<string, number>>} limits {controller: {file: value}}, written in this order
     * @throws where a group cannot be made */
    constructor(limits) {
        const name = `webinfer-test-${process.pid}-${++made}`;
        /** Its folder of each controller. @type {Map<string, string>} */
        this.folders = new Map(Object.keys(limits).map((controller) => [controller, path.join(ROOT, controller, name)]));
        process.on('exit', this.end);
        try {
            for (const [controller, values] of Object.entries(limits)) {
                fs.mkdirSync(this.#folder(controller));
                for (const [file, value] of Object.entries(values)) this.write(controller, file, value);
            }
        } catch (error) {
            this.end();
            throw error;
        }
    }

    /** Why no such group can be made here; false: it can. @param {Record<string, Record<string, number>>} limits */
    static missing(limits) {
        try {
            new ControlGroup(limits).end();
            return false;
        } catch (error) {
            return `no such control group can be made here: ${error.message}`;
        }
    }

    /** @param {string} controller */
    #folder(controller) {
        return /** @type {string} */ (this.folders.get(controller));
    }

    /** Lines of a shell that is in the group from then on, with all that it starts. */
    get enter() {
        return [...this.folders.values()].map((folder) => `echo $$ >'${folder}/cgroup.procs' && `).join('');
    }

    /** @param {string} controller @param {string} file @param {number} value */
    write(controller, file, value) {
        fs.writeFileSync(path.join(this.#folder(controller), file), `${value}\n`);
    }

    /** @param {string} controller @param {string} file */
    read(controller, file) {
        return fs.readFileSync(path.join(this.#folder(controller), file), 'utf8');
    }

    /** A number of a file whose lines are names with numbers. @param {string} controller @param {string} file @param {string} name */
    count(controller, file, name) {
        return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(this.read(controller, file))?.[1]);
    }

    /** Removes it once nothing runs in it. */
    async remove() {
        await until(() => [...this.folders.keys()].every((controller) => this.read(controller, 'cgroup.procs') === ''),
            { what: 'nothing to run in the control group' });
        this.end();
    }

    /** Removes it, unless something still runs in it. */
    end = () => {
        process.off('exit', this.end);
        for (const folder of this.folders.values()) {
            try {
                fs.rmdirSync(folder);
            } catch {
                // It was not made, or is in use.
            }
        }
    };
}
