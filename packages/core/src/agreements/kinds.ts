export const agreementKinds = ['dpa', 'baa', 'zeroRetention', 'noTraining'] as const;
export type AgreementKind = (typeof agreementKinds)[number];

export const agreementStates = ['valid', 'not_yet', 'expired', 'none'] as const;
export type AgreementState = (typeof agreementStates)[number];

/** Whole days before the end of an agreement from which on people are told of it. */
export const endsSoonDays = 30;
