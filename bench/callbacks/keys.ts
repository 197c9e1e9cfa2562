export const keys = { corpId: 'wwbench', token: 'benchtoken', aesKey: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C' }
