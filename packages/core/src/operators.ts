/** The five operator roles, weakest first. What each may do is this one table; server and dashboard read the same. */
export const operatorRoles = ['viewer', 'auditor', 'approver', 'operator', 'owner'] as const;
export type OperatorRole = (typeof operatorRoles)[number];

const all = operatorRoles;
const managers = ['operator', 'owner'] as const;

export const adminPermissions = {
  'overview.read': all,
  'sessions.read': all,
  'sessions.end': managers,
  /** The log with what events carried. */
  'entries.read': ['auditor', 'approver', 'operator', 'owner'],
  /** With the untrusted text that a held call took its values from. */
  'approvals.read': ['auditor', 'approver', 'operator', 'owner'],
  'approvals.answer': ['approver', 'operator', 'owner'],
  'tools.read': all,
  'tools.write': managers,
  'policies.read': all,
  'policies.write': managers,
  'agents.read': all,
  'agents.write': managers,
  'operators.read': ['auditor', 'operator', 'owner'],
  'operators.write': ['owner'],
  /** Where tools' credentials are kept and where they go; never what they are. */
  'credentials.read': managers,
  'credentials.write': managers,
  'providers.read': all,
  'settings.read': all,
} as const satisfies Record<string, readonly OperatorRole[]>;

export type AdminPermission = keyof typeof adminPermissions;

export const mayOperator = (role: OperatorRole, permission: AdminPermission): boolean =>
  (adminPermissions[permission] as readonly OperatorRole[]).includes(role);
