/** The encapsulations by the names that policies and the directory use. */
export const ENCAPSULATIONS = ["vxlan", "geneve", "vxlan-gpe", "nvgre", "rocev2", "infiniband"] as const;

export type EncapsulationName = (typeof ENCAPSULATIONS)[number];
