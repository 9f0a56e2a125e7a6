/** The words that rules may be written in, as the setting `backend` has them beside `auto`. */
export const dialects = ['iptables-nft', 'iptables-legacy', 'nft'] as const;
