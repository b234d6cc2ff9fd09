namespace IommuSpy.Linux.Running.Confinement;

/// <summary>What a process keeps that gives up the rest: see <see cref="Sandbox"/>.</summary>
/// <param name="Writes">Folders in and below which it makes, changes and removes files; those that are not there are left out.</param>
/// <param name="Connects">Whether it connects to servers.</param>
/// <param name="Serves">Whether it is a server.</param>
/// <param name="Starts">Whether it starts other programs: a pager, pahole. They are confined as it is.</param>
/// <param name="ReadsProcesses">
/// Whether it looks into other processes by /proc, which Landlock lets nobody do that it confines (Documentation/userspace-api/landlock.rst, "Ptrace
/// restrictions"): then files are not confined.
/// </param>
public sealed record SandboxRights(IReadOnlyList<string> Writes, bool Connects, bool Serves, bool Starts, bool ReadsProcesses);
