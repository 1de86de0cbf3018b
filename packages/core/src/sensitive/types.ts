/**
 * What is looked for in text: personal data and secrets. A closed table; config, tokens (`<EMAIL_1>`), docs and the
 * dashboard take names and titles from here. `label` is what a value of the type adds to whatever carries it.
 */
export const sensitiveTypes = {
  EMAIL: { title: 'E-mail address', label: 'pii' },
  PHONE: { title: 'Phone number', label: 'pii' },
  PERSON: { title: 'Name of a person', label: 'pii' },
  ADDRESS: { title: 'Postal address', label: 'pii' },
  DATE_OF_BIRTH: { title: 'Date of birth', label: 'pii' },
  CREDIT_CARD: { title: 'Payment card number', label: 'pii' },
  IBAN: { title: 'IBAN', label: 'pii' },
  US_BANK: { title: 'US bank account or routing number', label: 'pii' },
  US_SSN: { title: 'US social security number', label: 'pii' },
  NATIONAL_ID: { title: 'National or tax id', label: 'pii' },
  PASSPORT: { title: 'Passport number', label: 'pii' },
  DRIVER_LICENSE: { title: 'Driving licence number', label: 'pii' },
  MEDICAL_ID: { title: 'Medical record or insurance number', label: 'phi' },
  IP: { title: 'IP address', label: 'pii' },
  MAC: { title: 'MAC address', label: 'pii' },
  API_KEY: { title: 'API key or token', label: 'secret' },
  JWT: { title: 'JSON Web Token', label: 'secret' },
  PRIVATE_KEY: { title: 'Private key', label: 'secret' },
  PASSWORD: { title: 'Password', label: 'secret' },
  URL_CREDENTIALS: { title: 'URL with credentials', label: 'secret' },
} as const satisfies Record<string, { title: string; label: 'pii' | 'phi' | 'secret' }>;
export type BuiltInType = keyof typeof sensitiveTypes;

/** A stretch of text that is personal data or a secret. Offsets in UTF-16 code units, end exclusive. */
export interface SensitiveMatch {
  /** A row of `sensitiveTypes`, or a type of the operator's. */
  readonly type: string;
  readonly start: number;
  readonly end: number;
  /** Which rule found it, such as `iban` or `stripe-secret-key`: for figures and explanations. */
  readonly rule: string;
  /** How it was made sure, which decides when matches overlap: the earlier wins. */
  readonly certainty: Certainty;
}

/** From surest to least sure. */
export const certainties = ['secret', 'checksum', 'format', 'context', 'name'] as const;
export type Certainty = (typeof certainties)[number];

/** What names a text where it stands in structured data: the JSON key, the CSV or table header, outermost first. */
export type FieldNames = readonly string[];

/**
 * Finds one family of types. Linear in the text's length, whoever wrote it. The text has been made visible already
 * (`normalize/visible.ts`): NFKC, without invisible characters.
 */
export type Finder = (text: string, field: FieldNames) => SensitiveMatch[];
