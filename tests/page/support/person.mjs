/** A person's page at a stand-in service. */
import { Service, TOKEN } from './service.mjs';
import { pollTab } from './tabs.mjs';

/** Scripts that run before the page's own. A battery, as Chromium tells of it: */
export const BATTERY = `globalThis.battery = Object.assign(new EventTarget(), { charging: true });
Object.defineProperty(Navigator.prototype, 'getBattery', { configurable: true, value: async () => battery });
globalThis.plug = (charging) => { battery.charging = charging; battery.dispatchEvent(new Event('chargingchange')); };`;
/** A page that is hidden when it is told so. */
export const HIDDEN = `globalThis.isHidden = false;
Object.defineProperty(Document.prototype, 'hidden', { configurable: true, get: () => isHidden });
globalThis.hide = (hidden) => { isHidden = hidden; document.dispatchEvent(new Event('visibilitychange')); };`;
/** Time that passes by the clock on the wall. */
export const CLOCK = `{
    const now = Date.now;
    let passed = 0;
    globalThis.pass = (ms) => { passed += ms; };
    Date.now = () => now() + passed;
}`;

/** A person's page: what is on it, and its buttons. */
export class Person {
    constructor(service, tab) {
        this.service = service;
        this.tab = pollTab({ evaluate: (text) => tab.evaluate(text), goto: (url) => tab.goto(url) });
        this.playwright = tab;
    }

    open(more = '') {
        return this.tab.goto('about:blank').then(() => this.tab.goto(`${this.service.url}/#token=${TOKEN}${more}`));
    }

    is(state) {
        return this.tab.waitFor(`document.documentElement.dataset.state === '${state}'`);
    }

    text(id) {
        return this.tab.evaluate(`document.getElementById('${id}').textContent`);
    }

    press(id) {
        return this.tab.evaluate(`document.getElementById('${id}').click()`);
    }

    /** Chooses a value, as a person would. */
    choose(id, value) {
        return this.tab.evaluate(`(() => {
            const control = document.getElementById('${id}');
            if (control.type === 'checkbox') control.checked = ${value === true};
            else control.value = ${JSON.stringify(String(value))};
            control.dispatchEvent(new Event('change'));
        })()`);
    }

    /** Waits for the text of an element. */
    says(id, pattern) {
        return this.tab.waitFor(`${pattern}.test(document.getElementById('${id}')?.textContent ?? '')`);
    }

    /** Which of these are to be seen. */
    seen(...ids) {
        return this.tab.evaluate(`${JSON.stringify(ids)}.filter((id) => document.getElementById(id).checkVisibility()).join()`);
    }
}

/** @param {any} browser @param {string} folder of the built page @param {{welcome?: object, alter?: any, context?: object}} options
 * @param {(person: Person, problems: string[]) => Promise<void>} run */
export async function withPerson(browser, folder, { welcome, alter, context }, run) {
    const service = await Service.start(folder, { welcome: { joined: true, ...welcome }, alter }), problems = [];
    const { tab, close } = await browser.openTab(problems, context);
    try {
        await run(new Person(service, tab), problems);
    } finally {
        await close();
        await service.stop();
    }
}
