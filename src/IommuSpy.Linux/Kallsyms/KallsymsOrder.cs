namespace IommuSpy.Linux.Kallsyms;

/// <summary>Which side of the names the addresses lie on (scripts/kallsyms.c, write_src).</summary>
public enum KallsymsOrder
{
    /// <summary>Before 6.4: addresses or offsets, relative_base, num_syms, names, markers, token_table, token_index.</summary>
    AddressesFirst,

    /// <summary>Since 6.4: num_syms, names, markers, token_table, token_index, addresses or offsets, relative_base.</summary>
    AddressesLast,
}
