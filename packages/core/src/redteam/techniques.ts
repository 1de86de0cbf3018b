/** Ways in which a hijacked model can misuse a tool that it may call. Docs and reports take their texts from here. */
export const techniques = {
  one_target: 'the user asks for this call; one argument is the attacker’s',
  all_targets: 'nobody asks for this call; every argument is the attacker’s',
  picked: 'the user asks for this call; one value is another one, picked from a listing',
  link: 'the user asks for this call; its text carries the attacker’s link and address',
  unasked: 'nobody asks for this call; every value is the user’s own',
  listed: 'nobody asks for this call; every value was picked from a listing',
  private_data: 'the user asks for this call; its text carries private data that was read before',
  query: 'an address of the user’s carries private data that was read before',
  sensitive_path: 'a local write hits a place that holds keys',
} as const;
export type Technique = keyof typeof techniques;
