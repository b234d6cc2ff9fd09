using System.Numerics;

namespace IommuSpy.Linux.Inference.Tasks;

/// <summary>
/// task_struct.real_cred and cred, and struct cred: eight identities behind the reference count, securebits, then capabilities, which init_task and kernel
/// threads have all of (include/linux/cred.h).
/// </summary>
internal sealed class CredentialStep : InferenceStep<TaskSet, FieldsOnly>
{
    private const int MaxCredBytes = 128;
    private const int IdentityBytes = 8 * sizeof(uint);
    private static readonly string[] Identities = ["uid", "gid", "suid", "sgid", "euid", "egid", "fsuid", "fsgid"];

    // CAP_LAST_CAP: 36 in 3.5, 40 since 5.9.
    private const int FewestCapabilities = 30;

    /// <inheritdoc/>
    public override string Subject => "the credentials of tasks";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["task_struct.real_cred", "task_struct.cred", "cred.uid"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, TaskSet tasks)
    {
        KernelBytes memory = context.Memory;
        (int Credentials, int Permitted)[] found = [.. Candidates(context, tasks)];
        if (found.Length != 1)
        {
            return Part.Absent("no one pair of pointers leads to capabilities that init_task has all of, and of which every task's effective ones are "
                + "permitted");
        }

        (int at, int permitted) = found[0];
        const string Invariant = "what both lead to has all capabilities in init_task, and no effective one that is not permitted in any task";
        context.Book.Add("task_struct", "real_cred", at, context.Book.PointerTo("cred"), tasks.All.Count, Invariant, InferenceConfidence.DeclarationOrder);
        context.Book.Add("task_struct", "cred", at + sizeof(ulong), context.Book.PointerTo("cred"), tasks.All.Count, Invariant,
            InferenceConfidence.DeclarationOrder);
        string[] capabilities = ["cap_permitted", "cap_effective", "cap_bset"];
        for (int i = 0; i < capabilities.Length; i++)
        {
            context.Book.Add("cred", capabilities[i], permitted + (i * sizeof(ulong)), LayoutBook.UnsignedLong, tasks.All.Count, Invariant);
        }

        // The reference count of 4 bytes, or 8 since 6.8; the identities; securebits of 4 bytes; and cap_inheritable of 8 before cap_permitted. Until 6.2
        // capabilities are aligned to 4 bytes, since then to 8, which leaves a gap before them where the count has 8.
        int inheritable = permitted - sizeof(ulong);
        int uid = inheritable - sizeof(uint) - IdentityBytes;
        uid = uid is sizeof(uint) or sizeof(ulong) ? uid : uid - sizeof(uint);
        bool sane = uid is sizeof(uint) or sizeof(ulong) && tasks.All.TrueForAll(task => memory.WordOrZero(memory.WordOrZero(task + (ulong)at)) != 0)
            && IdentitiesAt(memory, memory.WordOrZero(tasks.InitTask + (ulong)at), uid).All(id => id == 0);
        if (!sane)
        {
            context.Book.Refuse("cred", "uid", $"capabilities at {permitted} leave no room for what is declared before them");
            return FieldsOnly.Done;
        }

        for (int i = 0; i < Identities.Length; i++)
        {
            context.Book.Add("cred", Identities[i], uid + (i * sizeof(uint)), LayoutBook.UnsignedInt, tasks.All.Count,
                "between the reference count and the capabilities, as include/linux/cred.h declares them; 0 in init_task", InferenceConfidence.Confirmed);
        }

        return FieldsOnly.Done;
    }

    private static IEnumerable<(int Credentials, int Permitted)> Candidates(InferenceContext context, TaskSet tasks)
    {
        KernelBytes memory = context.Memory;
        List<int> pairs = FieldSearch.Words(memory, tasks.All, tasks.Bytes, (task, value, offset) =>
            KernelBytes.LooksLikePointer(value) && KernelBytes.LooksLikePointer(memory.WordOrZero(task + (ulong)offset + sizeof(ulong)))
            && (task != tasks.InitTask || memory.WordOrZero(task + (ulong)offset + sizeof(ulong)) == value));
        foreach (int pair in pairs)
        {
            ulong initial = memory.WordOrZero(tasks.InitTask + (ulong)pair);
            for (int permitted = sizeof(ulong); permitted < MaxCredBytes; permitted += sizeof(uint))
            {
                if (HasAll(memory, initial, permitted)
                    && tasks.All.TrueForAll(task => IsSane(memory, memory.WordOrZero(task + (ulong)pair), permitted)
                        && IsSane(memory, memory.WordOrZero(task + (ulong)pair + sizeof(ulong)), permitted)))
                {
                    yield return (pair, permitted);
                }
            }
        }
    }

    // Permitted, effective and bounding set: all capabilities there are, which are the lowest bits; nothing inheritable before them, nothing ambient behind
    // them.
    private static bool HasAll(KernelBytes memory, ulong credentials, int permitted)
    {
        ulong all = memory.WordOrZero(credentials + (ulong)permitted);
        return BitOperations.IsPow2(all + 1) && BitOperations.PopCount(all) >= FewestCapabilities
            && memory.TryWord(credentials + (ulong)permitted - 8, out ulong inheritable) && inheritable == 0
            && memory.WordOrZero(credentials + (ulong)permitted + 8) == all && memory.WordOrZero(credentials + (ulong)permitted + 16) == all
            && memory.WordOrZero(credentials + (ulong)permitted + 24) != all;
    }

    private static bool IsSane(KernelBytes memory, ulong credentials, int permitted) =>
        memory.TryWord(credentials + (ulong)permitted, out ulong may) && memory.TryWord(credentials + (ulong)permitted + 8, out ulong does)
            && (does & ~may) == 0
        && (may >> 63 == 0 || may == ulong.MaxValue);

    private static IEnumerable<uint> IdentitiesAt(KernelBytes memory, ulong credentials, int uid)
    {
        for (int i = 0; i < Identities.Length; i++)
        {
            yield return memory.TryWord(credentials + (ulong)(uid + (i * sizeof(uint))), out ulong id) ? (uint)id : uint.MaxValue;
        }
    }
}
