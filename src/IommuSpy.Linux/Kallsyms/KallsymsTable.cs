namespace IommuSpy.Linux.Kallsyms;

/// <summary>A kernel's symbol table and where it was found. Holds copies: the image it was read from may go.</summary>
/// <param name="Symbols">The symbols.</param>
/// <param name="Format">The form the kernel keeps them in.</param>
/// <param name="NamesOffset">Byte offset of kallsyms_names in the image.</param>
/// <param name="TokenTableOffset">Byte offset of kallsyms_token_table in the image.</param>
/// <param name="AddressesOffset">Byte offset of kallsyms_addresses or kallsyms_offsets in the image.</param>
/// <param name="Evidence">What confirmed the addresses, in words.</param>
public sealed record KallsymsTable(SymbolTable Symbols, KallsymsFormat Format, int NamesOffset, int TokenTableOffset, int AddressesOffset, string Evidence);
