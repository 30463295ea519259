/** Configures a daemon with fake-driver.mjs in place of chromedriver, and talks to it. */
import fs from 'node:fs';
import path from 'node:path';
import { libFolder } from './paths.mjs';
import { until } from './wait.mjs';

/** The fake's files in `folder`: a driver program, a control file, the list of page URLs. */
export class FakeDriver {
    constructor(folder, mode = 'serve') {
        this.urls = path.join(folder, 'page-urls');
        this.capabilities = path.join(folder, 'capabilities.json');
        this.controlFile = path.join(folder, 'driver-control.json');
        this.program = path.join(folder, 'chromedriver');
        fs.mkdirSync(folder, { recursive: true });
        fs.writeFileSync(this.urls, '');
        this.mode = mode;
        fs.writeFileSync(this.program, '#!/bin/sh\n' +
            `exec '${process.execPath}' '${libFolder}/fake-driver.mjs' ` +
            `--control='${this.controlFile}' "$@"\n`, { mode: 0o755 });
    }

    set mode(mode) {
        // Replaced in one step: the driver may read it at any moment.
        fs.writeFileSync(`${this.controlFile}.new`, JSON.stringify(
            { mode, urls: this.urls, capabilities: this.capabilities }));
        fs.renameSync(`${this.controlFile}.new`, this.controlFile);
    }

    /** The configuration keys that put it to use. */
    get config() {
        return { driver_command: this.program, binary: process.execPath };
    }

    /** The pages opened so far (a session may pass through about:blank between them). */
    get pageUrls() {
        return fs.readFileSync(this.urls, 'utf8').split('\n')
            .filter((url) => url.includes('#token='));
    }

    /** The URL that the `index`th navigation was told to open. */
    pageUrl(index = 0, timeout = 20_000) {
        return until(() => this.pageUrls[index], { what: `page URL number ${index}`, timeout });
    }
}
