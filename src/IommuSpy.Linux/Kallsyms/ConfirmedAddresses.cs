namespace IommuSpy.Linux.Kallsyms;

/// <summary>Addresses that passed every check.</summary>
/// <param name="Section">Where they stand, and the rule.</param>
/// <param name="Addresses">One for each symbol, in table order.</param>
/// <param name="Evidence">What confirmed them, in words.</param>
internal sealed record ConfirmedAddresses(AddressSection Section, ulong[] Addresses, string Evidence);
