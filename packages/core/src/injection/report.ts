/**
 * What a finding weighs: `block` families almost never occur in harmless text, `suspicious` ones lower trust. A `notice` is no
 * verdict: hidden characters whose text was read and found harmless, which a guard may strip.
 */
export type InjectionSeverity = 'notice' | 'suspicious' | 'block';

/** One hit. Offsets in UTF-16 code units of the text that was scanned, end exclusive; never the text itself. */
export interface InjectionFinding {
  /** Such as `override-instructions`; `linear-score` for the model. */
  readonly rule: string;
  readonly family: InjectionFamily;
  readonly severity: InjectionSeverity;
  readonly start: number;
  readonly end: number;
  /** How the text had to be read, outermost first, such as `['base64', 'rot13']`. Empty: as it stands. */
  readonly via: readonly string[];
  /** MITRE ATLAS technique, such as `AML.T0051.001`. */
  readonly atlas: string;
  /** OWASP Top 10 for LLM applications 2025, such as `LLM01:2025`. */
  readonly owasp: string;
}

export interface InjectionReport {
  /** 0 to 1: how much the text looks like an attack; 0.5 and above is suspicious. */
  readonly score: number;
  readonly verdict: 'none' | 'suspicious' | 'block';
  /** False: a budget ran out before everything was read. What was not read is not known to be harmless. */
  readonly complete: boolean;
  /** By start. */
  readonly findings: readonly InjectionFinding[];
}

/** Families of attack, with the ids under which they are catalogued (ATLAS 2025, OWASP LLM 2025). */
export const injectionFamilies = {
  override: { title: 'Tells the model to drop its instructions', atlas: 'AML.T0051.000', owasp: 'LLM01:2025' },
  fake_role: { title: 'Poses as the system, a role or a template marker', atlas: 'AML.T0051.001', owasp: 'LLM01:2025' },
  prompt_leak: { title: 'Asks for the system prompt or other instructions', atlas: 'AML.T0056', owasp: 'LLM07:2025' },
  secret_leak: { title: 'Asks for passwords, keys or the data of others', atlas: 'AML.T0057', owasp: 'LLM02:2025' },
  jailbreak: { title: 'Takes the model out of its role or its rules', atlas: 'AML.T0054', owasp: 'LLM01:2025' },
  secrecy: { title: 'Tells the model to keep something from the user', atlas: 'AML.T0051.001', owasp: 'LLM01:2025' },
  addressed: { title: 'Speaks to the model inside of data', atlas: 'AML.T0051.001', owasp: 'LLM01:2025' },
  tool_command: { title: 'Commands a tool call inside of data', atlas: 'AML.T0053', owasp: 'LLM06:2025' },
  exfiltration: { title: 'Carries data out in an image or a link', atlas: 'AML.T0077', owasp: 'LLM02:2025' },
  decode_execute: { title: 'Tells the model to decode a text and obey it', atlas: 'AML.T0068', owasp: 'LLM01:2025' },
  urgency: { title: 'Claims authority or urgency to be obeyed', atlas: 'AML.T0051.000', owasp: 'LLM01:2025' },
  invisible: { title: 'Holds a text that no reader sees', atlas: 'AML.T0068', owasp: 'LLM01:2025' },
  classifier: { title: 'Reads like an attack as a whole', atlas: 'AML.T0051', owasp: 'LLM01:2025' },
} as const satisfies Record<string, { title: string; atlas: string; owasp: string }>;
export type InjectionFamily = keyof typeof injectionFamilies;
