namespace IommuSpy.Catalogue;

/// <summary>Of what a table is, and with it what has to be said to ask for all of its rows.</summary>
internal enum TableSubject
{
    /// <summary>A machine, and nothing else has to be said.</summary>
    Machine,

    /// <summary>A part of a machine that has to be named: a process, a page, a pattern.</summary>
    Part,

    /// <summary>This program, or what the machine that it runs on says of itself.</summary>
    Program,
}
