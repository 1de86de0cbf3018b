/** The user of a session for which no user was named. */
export const anonymousUser = 'anonymous';

/** Visible ASCII: what shows is what is meant, and no two ids look alike. */
const userIdForm = /^[\x21-\x7e]{1,200}$/;

export const isUserId = (text: string): boolean => userIdForm.test(text);
