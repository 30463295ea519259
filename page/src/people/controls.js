/** The controls with which a person sets what settings.js lists. */
import { element, say, section } from './elements.js';
import { SENSES } from './senses.js';
import { CARRY_MINUTES, MINUTES, PEERS } from './settings.js';

/** @import { Settings, Values } from './settings.js' */
/** @import { Ruling } from './power.js' */
/** @import { Sense } from './senses.js' */

const GIB = 2 ** 30;

/** @type {Record<string, string>} */
const DEVICES = { 'high-performance': 'The fastest one', 'low-power': 'The one that saves energy', cpu: 'The processor only' };

/** @typedef {['memoryLimit' | 'storageLimit' | 'carryLimit', string, string, string]} Limit */
/** The limits that are set in GiB: their names, labels, what is allowed, and hints. @type {Limit[]} */
const LIMITS = [
    ['memoryLimit', 'Memory for models, in GiB', 'The limit is a number from 0.001 to 1024, or 0, or nothing.',
        'Empty or 0: as much as the service allows. A model whose files are larger is refused before any of it is fetched. The service knows the limit, and sends no such model.'],
    ['storageLimit', 'Storage for models’ files, in GiB', 'The limit is a number from 0 to 1024, or nothing.',
        'Empty: 16. With 0, nothing is kept, and files are fetched again. The browser may allow less.'],
];
/** The whole numbers: their names, labels, the least, the most, how many of the setting's one is, and hints.
 * @typedef {['minutesPerHour' | 'maxPeers' | 'discoveryInterval' | 'carryMinutes', string, number, number, number, string]} Count */
/** @type {Count} */
const PER_HOUR = ['minutesPerHour', 'Compute for at most so many minutes of an hour', 1, MINUTES, 1, `With ${MINUTES} there is no limit. Only time in which something runs counts.`];
/** @type {Count[]} */
const PEERING = [
    ['maxPeers', 'Connect to so many other browsers', 0, PEERS, 1,
        'With 0, to none. These are browsers of others who help this service, and people see there what this one can compute, and from which address. Large files of models come from them and go to them.'],
    ['discoveryInterval', 'Look for more every so many seconds', 5, 3600, 1000, 'Only while there are fewer.'],
];
/** @type {Limit} */
const CARRY_LIMIT = ['carryLimit', 'The most for one of them, in GiB', 'The limit is a number from 0.001 to 1024, or nothing.',
    'Empty: 0.25. In both directions together, until it connects again. Inputs, answers and files of models count.'];
/** @type {Count} */
const CARRY_MINUTES_FIELD = ['carryMinutes', 'The longest time for one of them, in minutes', 1, CARRY_MINUTES, 1, 'Then its connection ends, and it connects again, here or elsewhere.'];
const CARRY_HINT = 'Connected browsers that cannot reach the service any more reach it over this one, at most four at a time. What they send is encrypted: this browser sees '
    + 'how much it is and when, and the service sees their tasks as theirs. It costs traffic. Only while this page connects to other browsers.';
/** What is said where the browser keeps nothing. */
const UNKEPT = 'This browser keeps nothing for this page. What you choose holds until the page is closed.';

/** What is said where the page cannot be loaded again. */
const DEFERRED = 'The change of the device waits until the service that this page came from can be reached: the page could not be loaded again elsewhere.';

/** What can be switched. @typedef {'pauseOnBattery' | 'pauseWhileHidden' | 'wakeLock' | 'carryOthers'} Switch */
/** Their names, labels, and what they need to know. @type {[Switch, string, Sense][]} */
const SWITCHES = [
    ['pauseOnBattery', 'Pause while this device runs on its battery', 'battery'],
    ['pauseWhileHidden', 'Pause while this page is hidden', 'hidden'],
    ['wakeLock', 'Keep the screen on while this page takes work', 'wake'],
];

/** The rules that always hold. @type {[string, Sense][]} */
const RULES = [
    ['On its battery, a device that is to save energy computes with one thread and counts as slow.', 'battery'],
    ['While data is to be saved, this page computes with one thread and counts as slow.', 'saves'],
    ['On a device with little memory, this page computes with one thread and counts as slow.', 'memory'],
];

export class Controls {
    /** @param {Settings} settings @param {Element} remember the switch for what is no setting */
    constructor(settings, remember) {
        this._settings = settings;
        this._problems = element('ul', { id: 'settings-problems' });
        this._now = element('p', { id: 'power-now', role: 'status' });
        this._deferred = element('p', { id: 'device-deferred', role: 'status' });
        this._unkept = element('p', { id: 'settings-unkept', class: 'problem', role: 'alert' });
        this.section = section('settings', 'Settings', this._problems, this._unkept, this._device(), this._deferred, ...LIMITS.map((row) => this._limit(...row)), remember,
            ...PEERING.map((row) => this._count(...row)), element('fieldset', {}, element('legend', {}, 'Other browsers’ way to the service'),
                this._switch('carryOthers', 'Lead others to the service', true, CARRY_HINT), this._limit(...CARRY_LIMIT), this._count(...CARRY_MINUTES_FIELD)),
            element('fieldset', { id: 'rules' }, element('legend', {}, 'When to rest'), this._now, ...SWITCHES.map((row) => this._sensed(...row)), this._count(...PER_HOUR), element('ul', { class: 'rules' }, ...RULES.map((row) => rule(...row)))));
        this._problems.hidden = settings.problems.length === 0;
        this._problems.append(...settings.problems.map((problem) => element('li', {}, problem)));
    }

    /** @param {Ruling} ruling */
    show({ paused, slow }) {
        say(this._now, paused ? `Resting, because ${paused}.` : slow.length > 0 ? `Slow, because ${slow.join(', and ')}.` : 'No rule applies now.');
    }

    /** @param {boolean} isDeferred the page cannot be loaded again now */
    defer(isDeferred) {
        say(this._deferred, isDeferred ? DEFERRED : '');
    }

    /** @param {keyof Values} name @param {HTMLElement} control @param {string} label @param {string} hint */
    _field(name, control, label, hint) {
        const problem = element('p', { class: 'problem', id: `${name}-problem`, role: 'alert' });
        control.id = name;
        control.setAttribute('aria-describedby', `${name}-hint ${name}-problem`);
        return { problem, field: element('div', { class: 'field' }, element('label', { for: name }, label), control,
            element('p', { class: 'hint', id: `${name}-hint` }, hint), problem) };
    }

    /** @param {keyof Values} name @param {string} text @returns {boolean} whether it is allowed */
    _choose(name, text) {
        const isAllowed = this._settings.choose(name, text) === '';
        say(this._unkept, this._settings.isKept ? '' : UNKEPT);
        return isAllowed;
    }

    /** @param {keyof Values} name @param {string} text of a control @param {HTMLElement} control @param {Element} problem @param {string} allowed */
    _chooseTyped(name, text, control, problem, allowed) {
        const isAllowed = this._choose(name, text);
        control.setAttribute('aria-invalid', String(!isAllowed));
        say(problem, isAllowed ? '' : `${allowed} Nothing was changed.`);
    }

    _device() {
        const { preferredDevice } = this._settings.values;
        const control = element('select', {}, ...Object.entries(DEVICES).map(([value, name]) =>
            element('option', { value, selected: value === preferredDevice }, name)));
        const { field } = this._field('preferredDevice', control, 'Device to compute with',
            'A change takes effect when nothing runs here any more: then this page loads itself again. The browser decides which graphics card saves energy.');
        control.addEventListener('change', () => this._choose('preferredDevice', control.value));
        return field;
    }

    /** @param {Limit[0]} name @param {string} label @param {string} allowed @param {string} hint */
    _limit(name, label, allowed, hint) {
        const value = this._settings.values[name], shown = name === 'memoryLimit' && value === 0 ? '' : String(value / GIB);
        const control = element('input', { type: 'number', min: '0', step: 'any', inputmode: 'decimal', value: shown });
        const { field, problem } = this._field(name, control, label, hint);
        control.addEventListener('change', () => {
            const isEmpty = control.value === '' && !control.validity.badInput;
            this._chooseTyped(name, isEmpty ? '' : String(Math.round(control.valueAsNumber * GIB)), control, problem, allowed);
        });
        return field;
    }

    /** @param {Count[0]} name @param {string} label @param {number} least @param {number} most @param {number} scale @param {string} hint */
    _count(name, label, least, most, scale, hint) {
        const control = element('input', { type: 'number', min: String(least), max: String(most), step: '1', inputmode: 'numeric', value: String(this._settings.values[name] / scale) });
        const { field, problem } = this._field(name, control, label, hint), allowed = `This is a whole number from ${least} to ${most}.`;
        control.addEventListener('change', () => {
            const isEmpty = control.value === '' && !control.validity.badInput;
            this._chooseTyped(name, isEmpty ? '' : String(control.valueAsNumber * scale), control, problem, allowed);
        });
        return field;
    }

    /** @param {Switch} name @param {string} label @param {Sense} sense */
    _sensed(name, label, sense) {
        const { tells, browsers, missing } = SENSES[sense], isTold = tells();
        return this._switch(name, label, isTold, isTold ? browsers : `${missing} ${browsers}`);
    }

    /** @param {Switch} name @param {string} label @param {boolean} isThere @param {string} hint */
    _switch(name, label, isThere, hint) {
        const control = element('input', { type: 'checkbox', id: name, 'aria-describedby': `${name}-hint`, disabled: !isThere });
        control.checked = this._settings.values[name];
        control.addEventListener('change', () => this._choose(name, control.checked ? 'yes' : 'no'));
        return element('div', { class: 'field' }, element('label', { class: 'switch', for: name }, control, label), element('p', { class: 'hint', id: `${name}-hint` }, hint));
    }
}

/** @param {string} says @param {Sense} sense */
function rule(says, sense) {
    const { tells, browsers, missing } = SENSES[sense];
    return element('li', { 'data-rule': sense }, `${says} ${tells() ? browsers : `${missing} ${browsers}`}`);
}
