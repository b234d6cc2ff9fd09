namespace IommuSpy.Linux.Code;

/// <summary>Which of the kernel's tables tells of a place in its code.</summary>
public enum CodeSiteKind
{
    /// <summary>A jump label: a jump or a no-operation, which the kernel turns into each other (include/linux/jump_label.h, struct jump_entry).</summary>
    JumpLabel,

    /// <summary>A static call: its destination is written into it (include/linux/static_call_types.h, struct static_call_site).</summary>
    StaticCall,

    /// <summary>BUG(): the kernel stops here (include/asm-generic/bug.h, struct bug_entry).</summary>
    Bug,

    /// <summary>WARN(): the kernel complains here and goes on.</summary>
    Warning,

    /// <summary>An instruction that may fault, and where execution goes on then (struct exception_table_entry).</summary>
    Fault,

    /// <summary>Where the function tracer may be called from (kernel/trace/ftrace.c, struct dyn_ftrace).</summary>
    Tracer,

    /// <summary>A probe that somebody has set (include/linux/kprobes.h, struct kprobe).</summary>
    Probe,
}
